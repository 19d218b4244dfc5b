using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Fleets;

/// <summary>What commands say on nodes of a fleet, and the script that runs one.</summary>
public partial class FleetCommandTests
{
    private const int Sigterm = 15;

    private static readonly string Script = Path.Combine(Repository.Root, "tools/fleet/run.sh");

    private static readonly (string, string)[] Edge =
    [
        ("EDGE__ROLE", "edge"),
        ("EDGE__FLEET__ID", TestFleet.Id),
        ("EDGE__FLEET__SECRET", TestFleet.Secret),
        ("EDGE__FLEET__ORIGINURL", "http://127.0.0.1:1"),
    ];

    [Fact]
    public async Task Check_OnAnEdge_SaysTheRoleAndLooksAtTheCopy()
    {
        using var data = new TempDirectory();
        var (exitCode, output, _) = await EdgeProcess.RunAsync(["check", "--data-dir", data.Path], Edge);
        Assert.Equal(0, exitCode);
        Assert.Contains("role is edge of the fleet test-fleet", output, StringComparison.Ordinal);

        (string, string)[] silent = [.. Edge, ("EDGE__SINKS__ORIGIN__ENABLED", "false")];
        (exitCode, output, _) = await EdgeProcess.RunAsync(["check", "--data-dir", data.Path], silent);
        Assert.Equal(0, exitCode);
        Assert.Contains("[origin_sink]", output, StringComparison.Ordinal);

        Directory.CreateDirectory(data["fleet"]);
        await File.WriteAllTextAsync(data["fleet", "catalog"], "EDC1 not", TestContext.Current.CancellationToken);
        (exitCode, output, _) = await EdgeProcess.RunAsync(["check", "--data-dir", data.Path], Edge);
        Assert.Equal(0, exitCode);
        Assert.Matches(@"warning: .*; the start sets it aside, .*\[catalog_copy\]", output);
    }

    [Theory]
    [InlineData("results", "spring")]
    [InlineData("explain", "--experiment", "spring", "--request", "-")]
    public async Task Experiment_OfAnEdge_IsSaidToBeAtTheOrigin(params string[] arguments)
    {
        using var data = new TempDirectory();
        var (exitCode, _, error) = await EdgeProcess.RunAsync([.. arguments, "--data-dir", data.Path], Edge, input: "{}");
        Assert.Equal(1, exitCode);
        Assert.Contains("an edge has the experiments of its origin; run this there\n", error, StringComparison.Ordinal);

        // Without its settings, what lies there says what it is.
        Directory.CreateDirectory(data["fleet"]);
        await File.WriteAllTextAsync(data["fleet", "catalog"], "", TestContext.Current.CancellationToken);
        (_, _, error) = await EdgeProcess.RunAsync([.. arguments, "--data-dir", data.Path], input: "{}");
        Assert.Contains("an edge has the experiments of its origin; run this there\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_OfAFleet_SaysWhetherTheOriginGivesItsCatalog()
    {
        await using var fleet = await TestFleet.StartAsync();
        var edge = await fleet.StartEdgeAsync("edge-a");

        var sound = await DoctorAsync();
        Assert.Matches($"ok: origin: {fleet.OriginAddress.Authority} gives version [0-9]+ of the catalog\n", sound);
        Assert.DoesNotContain("sink origin", sound, StringComparison.Ordinal);
        Assert.Matches(
            "error: origin: gives no catalog: .* answered 401: it has another fleet.secret or fleet.id; ",
            await DoctorAsync(("EDGE__FLEET__ID", "other"))
        );
        Assert.Matches(
            "error: origin: gives no catalog: .* answered 404: it is no origin",
            await DoctorAsync(("EDGE__FLEET__ORIGINURL", edge.Address.ToString()))
        );
        Assert.Matches(
            "error: origin: gives no catalog: ",
            await DoctorAsync(("EDGE__FLEET__ORIGINURL", $"https://{fleet.OriginAddress.Authority}"))
        );
        // To ask is not to be a node.
        var (_, listed) = await TestFleet.AskAsync(fleet.Origin, "GET", "/fleet/nodes", key: fleet.Key);
        Assert.Equal(["edge-a"], listed.GetProperty("nodes").EnumerateArray().Select(node => node.Text("name")));

        async Task<string> DoctorAsync(params (string, string)[] settings)
        {
            using var data = new TempDirectory();
            return (await EdgeProcess.RunAsync(["doctor", "--data-dir", data.Path], [.. fleet.OfEdge("edge-b"), .. settings])).Output;
        }
    }

    [Fact]
    public async Task Doctor_ThroughThePublicAddressOfAnOrigin_AsksForWhatItServes()
    {
        await using var fleet = await TestFleet.StartAsync();

        var (_, output, _) = await EdgeProcess.RunAsync(
            ["doctor", "--data-dir", fleet.OriginData, "--public", fleet.OriginAddress.ToString()],
            [
                ("EDGE__ROLE", "origin"),
                ("EDGE__FLEET__ID", TestFleet.Id),
                ("EDGE__FLEET__SECRET", TestFleet.Secret),
                ("EDGE__URLS", fleet.OriginAddress.ToString()),
            ]
        );

        Assert.Contains("ok: public: the catalog is asked for its token, as an origin does\n", output, StringComparison.Ordinal);
        Assert.Contains("warning: public: edges and people come without TLS", output, StringComparison.Ordinal);
        Assert.Contains("ok: public: requests reach this node", output, StringComparison.Ordinal);
        Assert.DoesNotContain("pixel", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Script_WhenANodeCannotStart_StopsTheOthersAndSaysWhich()
    {
        using var data = new TempDirectory();
        var port = PortsInARow(3);
        using var foreign = new TcpListener(IPAddress.Loopback, port + 1);
        foreign.Start();

        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            [EdgeBinary.Path, data.Path, $"{port}"],
            [("FLEET_SERVERS", "none")],
            binary: Script
        );
        var unused = await EdgeProcess.RunAsync([], binary: Script);

        Assert.Equal(1, exitCode);
        Assert.Contains("edge-1 has ended, so the fleet is stopped.", error, StringComparison.Ordinal);
        Assert.DoesNotContain("A fleet is ready", output, StringComparison.Ordinal);
        using var client = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync($"http://127.0.0.1:{port}/healthz"));
        Assert.Equal(2, unused.ExitCode);
        Assert.StartsWith("usage: ", unused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_OnAnEdge_AreRefusedWithAWordWhere()
    {
        using var data = new TempDirectory();

        var (exitCode, _, error) = await EdgeProcess.RunAsync(
            ["keys", "create", "--kind", "artie", "--data-dir", data.Path],
            Edge
        );

        Assert.Equal(1, exitCode);
        Assert.Equal(
            "edge keys create: role is edge, and an edge has the keys of its origin; run this there\n",
            error
        );
    }

    /// <summary>With PostgreSQL and ClickHouse, whose results come a moment later, and without.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Script_UntilSigterm_RunsAFleetAndLeavesNothingRunning(bool hasServers)
    {
        if (hasServers)
        {
            PostgresServer.SkipUnlessInstalled();
            ClickHouseServer.SkipUnlessInstalled();
        }

        using var data = new TempDirectory();
        var port = PortsInARow(6);
        var start = new ProcessStartInfo(
            Script,
            [EdgeBinary.Path, data.Path, $"{port}"]
        )
        {
            RedirectStandardOutput = true,
        };
        start.Environment["FLEET_SERVERS"] = hasServers ? "" : "none";
        using var script = Process.Start(start)!;
        var output = new StringBuilder();
        script.OutputDataReceived += (_, line) =>
        {
            lock (output)
            {
                output.AppendLine(line.Data);
            }
        };
        script.BeginOutputReadLine();
        await Wait.UntilAsync(() => Said().Contains("Ctrl+C stops it.", StringComparison.Ordinal), Said);
        using var client = new HttpClient();
        var choices = new List<string>();
        foreach (var edge in (int[])[port + 1, port + 2])
        {
            choices.Add(
                await Wait.ForAsync(
                    () => client.GetStringAsync($"http://127.0.0.1:{edge}/s/demo-ab/resolve?u=me"),
                    answer => answer.Contains("variantId", StringComparison.Ordinal)
                )
            );
        }

        Assert.Single(choices.Distinct());
        // Played at an edge, the results are elsewhere.
        var (_, played, _) = await EdgeProcess.RunAsync(
            ["demo-traffic", "--url", $"http://127.0.0.1:{port + 1}", "--visitors", "1", "--seconds", "0"]
        );
        Assert.Contains("ORIGIN is the address of this edge's origin:\n", played, StringComparison.Ordinal);
        Assert.Contains(" ORIGIN/experiments/api/", played, StringComparison.Ordinal);
        var key = (await File.ReadAllTextAsync(data["key"], TestContext.Current.CancellationToken)).Trim();
        await Wait.ForAsync(
            () => EdgeProcess.RunAsync(["results", "demo-ab", "--url", $"http://127.0.0.1:{port}"], [("EDGE_KEY", key)]),
            results => results.ExitCode == 0 && !results.Output.StartsWith("Nobody has been counted", StringComparison.Ordinal),
            results => results.Output + results.Error
        );
        _ = Kill(script.Id, Sigterm);
        using var deadline = new CancellationTokenSource(Wait.Limit);
        await script.WaitForExitAsync(deadline.Token);
        Assert.Equal(143, script.ExitCode);
        for (var server = port; server < port + 6; server++)
        {
            // Free again, of nodes and servers.
            using var listener = new TcpListener(IPAddress.Loopback, server);
            listener.Start();
        }

        if (File.Exists(data["postgres-data"]))
        {
            var postgres = await File.ReadAllTextAsync(data["postgres-data"], TestContext.Current.CancellationToken);
            Directory.Delete(postgres.Trim(), recursive: true);
        }

        string Said()
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    /// <summary>The first of some free ports in a row that no other test has.</summary>
    private static int PortsInARow(int count)
    {
        while (true)
        {
            var port = EdgeProcess.FreePort();
            var next = port + 1;
            while (next < port + count && EdgeProcess.FreePort() == next)
            {
                next++;
            }

            if (next == port + count)
            {
                return port;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
