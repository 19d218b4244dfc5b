using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// One native binary serving the demo for all tests of a class; each test tells its requests apart by a unit of its
/// own.
/// </summary>
public sealed class ServedEdge : IAsyncLifetime
{
    private readonly TempDirectory _data = new();

    internal EdgeProcess Edge { get; private set; } = null!;

    internal string DataDir => _data.Path;

    public async ValueTask InitializeAsync() =>
        Edge = await EdgeProcess.StartAsync(
            _data.Path,
            ["--demo"],
            [("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1")]
        );

    public async ValueTask DisposeAsync()
    {
        await Edge.DisposeAsync();
        _data.Dispose();
    }
}
