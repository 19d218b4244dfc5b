using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Fleets;

/// <summary>What commands say on nodes of a fleet, and the script that runs one.</summary>
public partial class FleetCommandTests
{
    private const int Sigterm = 15;

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
        Assert.Equal(1, exitCode);
        Assert.Contains("[catalog_copy]", output, StringComparison.Ordinal);
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

    [Fact]
    public async Task Script_UntilSigterm_RunsAFleetAndLeavesNothingRunning()
    {
        using var data = new TempDirectory();
        var port = ThreePorts();
        var start = new ProcessStartInfo(
            Path.Combine(Repository.Root, "tools/fleet/run.sh"),
            [EdgeBinary.Path, data.Path, $"{port}"]
        )
        {
            RedirectStandardOutput = true,
        };
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
        _ = Kill(script.Id, Sigterm);
        using var deadline = new CancellationTokenSource(Wait.Limit);
        await script.WaitForExitAsync(deadline.Token);
        Assert.Equal(143, script.ExitCode);
        for (var node = port; node < port + 3; node++)
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync($"http://127.0.0.1:{node}/healthz"));
        }

        string Said()
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    /// <summary>The first of three free ports in a row that no other test has.</summary>
    private static int ThreePorts()
    {
        while (true)
        {
            var port = EdgeProcess.FreePort();
            if (EdgeProcess.FreePort() == port + 1 && EdgeProcess.FreePort() == port + 2)
            {
                return port;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
