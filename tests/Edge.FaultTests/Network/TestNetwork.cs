using System.Globalization;
using Edge.FaultTests.Disk;
using Xunit;

namespace Edge.FaultTests.Network;

/// <summary>
/// A network that nothing else is on: a bridge in a namespace of its own, and hosts that hang on it, each in a namespace
/// too. The tests are its first host. Needs root, iproute2 and iptables. Whatever happens, it is removed; what a killed
/// test run left behind, the next one removes. One task changes it.
/// </summary>
internal sealed class TestNetwork : IDisposable
{
    /// <summary>Bits of an address that all hosts have alike.</summary>
    public const int PrefixBits = 24;

    private const string NamePrefix = "edge-chaos-";
    private const string Namespaces = "/run/netns";
    private const string Bridge = "bridge";
    private const int FirstHost = 2;
    private const int Subnets = 128 * 256;

    private static readonly Lazy<string?> Obstacle = new(FindObstacle);

    // Test processes that run side by side begin at different places.
    private static int _networks = Environment.ProcessId * 16;

    private readonly List<TestHost> _hosts = [];
    private readonly string _name;
    private readonly string _hub;
    private readonly string _link;
    private readonly int _subnet;
    private int _next = FirstHost;

    private TestNetwork()
    {
        var number = (uint)Interlocked.Increment(ref _networks);
        _subnet = (int)(number % Subnets);
        _name = $"{NamePrefix}{Environment.ProcessId}-{number}-";
        _hub = _name + "hub";
        // At most 15 characters.
        _link = $"ec{number:x}";
        TestAddress = AddressOf(1);
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        try
        {
            Ip("netns", "add", _hub);
            Ip("-n", _hub, "link", "add", Bridge, "type", "bridge");
            Ip("-n", _hub, "link", "set", Bridge, "up");
            Ip("link", "add", _link, "type", "veth", "peer", "name", "tests", "netns", _hub);
            Join("tests");
            Ip("addr", "add", $"{TestAddress}/{PrefixBits}", "dev", _link);
            Ip("link", "set", _link, "up");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The address of the tests.</summary>
    public string TestAddress { get; }

    public IReadOnlyList<TestHost> Hosts => _hosts;

    /// <summary>Makes a network, or skips the test and says why it cannot be made here.</summary>
    public static TestNetwork CreateOrSkip()
    {
        Assert.SkipWhen(Obstacle.Value is not null, $"needs network namespaces: {Obstacle.Value}");
        return new TestNetwork();
    }

    /// <summary>An address that no host has until one takes it.</summary>
    public string NewAddress() => AddressOf(_next++);

    /// <summary>Another host.</summary>
    public TestHost Add(string name)
    {
        var host = new TestHost(name, _name + name, NewAddress());
        Ip("netns", "add", host.Namespace);
        _hosts.Add(host);
        Ip("link", "add", name, "netns", _hub, "type", "veth", "peer", "name", TestHost.Device, "netns", host.Namespace);
        Join(name);
        Ip("-n", host.Namespace, "addr", "add", $"{host.Address}/{PrefixBits}", "dev", TestHost.Device);
        Ip("-n", host.Namespace, "link", "set", TestHost.Device, "up");
        Ip("-n", host.Namespace, "link", "set", "lo", "up");
        return host;
    }

    /// <summary>Moves an address from whoever has it to a host; null stands for the tests.</summary>
    public void Move(string address, TestHost? holder)
    {
        foreach (var host in _hosts.Where(host => host.Holds(address)))
        {
            host.Release(address);
        }

        SystemCommand.TryRun("ip", "addr", "del", $"{address}/{PrefixBits}", "dev", _link);
        if (holder is null)
        {
            Ip("addr", "add", $"{address}/{PrefixBits}", "dev", _link);
        }
        else
        {
            holder.Take(address);
        }

        // Who has asked for it before would go on sending to the one that had it.
        foreach (var host in _hosts)
        {
            Ip("-n", host.Namespace, "neigh", "flush", "dev", TestHost.Device);
        }

        Ip("neigh", "flush", "dev", _link);
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        Remove(_name);
    }

    private void OnProcessExit(object? sender, EventArgs arguments) => Remove(_name);

    private string AddressOf(int host) =>
        string.Create(CultureInfo.InvariantCulture, $"10.{128 + (_subnet >> 8)}.{_subnet & 255}.{host}");

    private void Join(string device)
    {
        Ip("-n", _hub, "link", "set", device, "master", Bridge);
        Ip("-n", _hub, "link", "set", device, "up");
    }

    private static void Ip(params string[] arguments) => SystemCommand.Run("ip", arguments);

    private static string? FindObstacle()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "this is not Linux";
        }

        RemoveLeftovers();
        try
        {
            using var probe = new TestNetwork();
            var host = probe.Add("probe");
            host.Lose(percent: 1)();
            host.Slow(kilobits: 1_000)();
            return null;
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    /// <summary>Removes the networks of test runs that were killed.</summary>
    private static void RemoveLeftovers()
    {
        foreach (var name in NamesThatBegin(NamePrefix))
        {
            var owner = name[NamePrefix.Length..].Split('-')[0];
            if (!Directory.Exists($"/proc/{owner}"))
            {
                Remove(name);
            }
        }
    }

    /// <summary>With the namespace of the bridge goes the device of the tests.</summary>
    private static void Remove(string prefix)
    {
        foreach (var name in NamesThatBegin(prefix))
        {
            SystemCommand.TryRun("ip", "netns", "del", name);
        }
    }

    private static string[] NamesThatBegin(string prefix) =>
        Directory.Exists(Namespaces)
            ? [.. Directory.GetFiles(Namespaces, prefix + "*").Select(path => Path.GetFileName(path)!)]
            : [];
}
