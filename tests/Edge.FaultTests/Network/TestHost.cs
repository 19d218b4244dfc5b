using System.Globalization;
using Edge.FaultTests.Disk;
using Edge.Tests.Support;

namespace Edge.FaultTests.Network;

/// <summary>
/// A host of a <see cref="TestNetwork"/>: a network namespace with one device. What is done to its link affects what
/// comes in or goes out there. One task changes it.
/// </summary>
/// <param name="name">Short and unique in its network; also the name of the other end of its link.</param>
/// <param name="space">Name of the namespace.</param>
/// <param name="address">Its address.</param>
internal sealed class TestHost(string name, string space, string address)
{
    public const string Device = "eth0";

    /// <summary>How long packets may wait for their turn on a slow link.</summary>
    private const string QueueTime = "300ms";

    private readonly List<string> _taken = [];

    public string Name => name;

    public string Namespace => space;

    public string Address => address;

    /// <summary>How a command is run there; it becomes the command, so its process id stays.</summary>
    public string[] Enter => ["nsenter", $"--net=/run/netns/{space}", "--"];

    public Place Place => new(address, Enter);

    /// <summary>Whether it has an address beside its own.</summary>
    public bool Holds(string other) => _taken.Contains(other);

    public void Take(string other)
    {
        SystemCommand.Run("ip", "-n", space, "addr", "add", $"{other}/{TestNetwork.PrefixBits}", "dev", Device);
        _taken.Add(other);
    }

    public void Release(string other)
    {
        SystemCommand.Run("ip", "-n", space, "addr", "del", $"{other}/{TestNetwork.PrefixBits}", "dev", Device);
        _taken.Remove(other);
    }

    /// <summary>Nothing from this address arrives any longer, and nobody is told. Returns what undoes it.</summary>
    public Action Drop(string from) => Filter("-s", from, "-j", "DROP");

    /// <summary>So many of a hundred packets do not arrive. Returns what undoes it.</summary>
    public Action Lose(int percent) =>
        Filter(
            "-m",
            "statistic",
            "--mode",
            "random",
            "--probability",
            (percent / 100.0).ToString(CultureInfo.InvariantCulture),
            "-j",
            "DROP"
        );

    /// <summary>
    /// What goes out queues for a narrow link, and is late, or dropped when the queue is long. Returns what undoes it.
    /// </summary>
    public Action Slow(int kilobits)
    {
        Run("tc", "qdisc", "add", "dev", Device, "root", "tbf", "rate", $"{kilobits}kbit", "burst", "16kb", "latency", QueueTime);
        return () => Run("tc", "qdisc", "del", "dev", Device, "root");
    }

    private Action Filter(params string[] rule)
    {
        Run("iptables", ["-w", "-A", "INPUT", .. rule]);
        return () => Run("iptables", ["-w", "-D", "INPUT", .. rule]);
    }

    private void Run(string program, params string[] arguments) =>
        SystemCommand.Run(Enter[0], [.. Enter[1..], program, .. arguments]);
}
