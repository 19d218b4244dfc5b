namespace Edge.Tests.Support;

/// <summary>Where a server of the tests runs: on loopback, unless a test has networks of its own.</summary>
/// <param name="Address">What it listens on, and is reached at.</param>
/// <param name="Command">What its command line begins with, to get there.</param>
internal sealed record Place(string Address, string[] Command)
{
    public static readonly Place Loopback = new("127.0.0.1", []);
}
