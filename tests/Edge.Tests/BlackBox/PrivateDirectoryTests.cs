using System.Diagnostics;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Commands of root on a data directory as systemd makes it with <c>DynamicUser=yes</c>: a link into a directory that
/// only root can pass, where the service's user could not follow the path.
/// </summary>
public sealed class PrivateDirectoryTests : IAsyncLifetime
{
    private const string Nobody = "65534";
    private const string AllTimes = "--from 2020-01-01T00:00:00Z --to 2100-01-01T00:00:00Z";

    /// <summary>Every command with <c>--data-dir</c>, and a part of what it prints; the others have tests of their own.</summary>
    private static readonly (string Arguments, string Said)[] Commands =
    [
        ("keys create --kind artie", "artie_"),
        ("keys list", "pictify"),
        ("keys export", "\"kind\""),
        ("keys import {place}/import.json", ""),
        ("sink status", "file"),
        ("sink pause file", ""),
        ("sink resume file", ""),
        ("sink init file", ""),
        ("journal stat", "\"committed_sequence\": 1"),
        ("journal verify", "1 records intact, 0 problems"),
        ("journal dump", "impression"),
        ("journal replay --sink file " + AllTimes, ""),
        ("dead-letters list", ""),
        ("dead-letters resend", ""),
        ("link demo-ab --base https://links.example", "https://links.example/s/demo-ab/click"),
        ("results demo-ab", "demo-ab"),
        ("explain --experiment demo-ab --request -", "\"variant\""),
        ("replay --experiment demo-ab", ""),
        ("capacity --seconds 1", "commit "),
        ("check", "4 experiments checked: 0 errors"),
        ("doctor", ""),
        ("config print", "dataDir"),
        ("ledger verify --sink file", ""),
    ];

    private readonly TempDirectory _place = new();

    /// <summary>What operators call it.</summary>
    private string DataDir => _place["edge"];

    private string Real => _place["private", "edge"];

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can act as somebody else");
        Directory.CreateDirectory(Real, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.SetUnixFileMode(
            _place["private"],
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        File.SetUnixFileMode(_place.Path, (UnixFileMode)0b111_101_101);
        await File.WriteAllTextAsync(_place["import.json"], """{"keys":[]}""");
        Directory.CreateSymbolicLink(DataDir, Path.Combine("private", "edge"));
        await using (var edge = await EdgeProcess.StartAsync(Real))
        {
            using var pixel = await edge.Client.GetAsync("/s/demo-ab/pixel.gif?u=private");
            await edge.UntilForwardedAsync();
            Assert.Equal(0, await edge.StopAsync());
        }

        await GiveAwayAsync();
    }

    public ValueTask DisposeAsync()
    {
        _place.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Command_ByRoot_ReachesTheDirectoryAndLeavesNothingToRoot()
    {
        foreach (var (arguments, said) in Commands)
        {
            var (exitCode, output, error) = await RunAsync(arguments);

            Assert.True(exitCode == ExpectedOf(arguments), $"{arguments}: {exitCode}: {output}{error}");
            Assert.Contains(said, output, StringComparison.Ordinal);
            Assert.DoesNotContain("/proc/self", output + error, StringComparison.Ordinal);
            await AssertNothingOfRootAsync();
        }
    }

    [Fact]
    public async Task Revoke_ByRoot_ReachesTheKeys()
    {
        var id = (await RunAsync("keys list")).Output.Split('\n')[0].Split('\t')[0];

        var (exitCode, _, error) = await RunAsync($"keys revoke {id}");

        Assert.True(exitCode == 0, error);
        Assert.DoesNotContain("\tvalid\t", (await RunAsync("keys list")).Output, StringComparison.Ordinal);
        await AssertNothingOfRootAsync();
    }

    [Fact]
    public async Task SkipTo_ByRoot_ReachesTheCursors()
    {
        File.Delete(Path.Combine(Real, "cursors", "file"));

        var (exitCode, output, error) = await RunAsync("journal skip-to --sink file --to end");

        Assert.True(exitCode == 0, error);
        Assert.Equal("sink file gave up 1 events and goes on after record 1\n", output);
        await AssertNothingOfRootAsync();
    }

    [Fact]
    public async Task Create_BelowAPrivateDirectoryOfTheUser_MakesTheDirectoryForTheUser()
    {
        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["keys", "create", "--kind", "artie", "--data-dir", Path.Combine(DataDir, "second")]
        );

        Assert.True(exitCode == 0, error);
        Assert.StartsWith("artie_", output, StringComparison.Ordinal);
        Assert.Contains($"makes {DataDir}/second", error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Real, "second", "keys.json")));
        await AssertNothingOfRootAsync();
    }

    [Fact]
    public async Task Message_OfAFileInIt_NamesItAsTheOperatorDid()
    {
        await File.WriteAllTextAsync(Path.Combine(Real, "keys.json"), "{");

        var (exitCode, _, error) = await RunAsync("keys list");

        Assert.Equal(1, exitCode);
        Assert.Contains(Path.Combine(DataDir, "keys.json"), error, StringComparison.Ordinal);
        Assert.DoesNotContain("/proc/self", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_WithALinkThatTheUserPlanted_ChangesNothingOfRoot()
    {
        var target = _place["of-root.json"];
        await File.WriteAllTextAsync(target, """{"keys":[]}""");
        File.Delete(Path.Combine(Real, "keys.json"));
        File.CreateSymbolicLink(Path.Combine(Real, "keys.json"), target);
        File.CreateSymbolicLink(Path.Combine(Real, "audit.ndjson.planted"), target);

        _ = await RunAsync("keys create --kind artie");

        Assert.Equal("""{"keys":[]}""", await File.ReadAllTextAsync(target));
    }

    private static int ExpectedOf(string arguments) =>
        arguments.Split(' ') switch
        {
            // A file sink has no table that a ledger could ask, and keeps what it was sent.
            ["ledger", ..] or ["journal", "replay", ..] => 2,
            // One visitor is no support for an estimate.
            ["replay", ..] => 1,
            _ => 0,
        };

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(string arguments)
    {
        var command = arguments.Replace("{place}", _place.Path, StringComparison.Ordinal).Split(' ');
        (string, string)[] environment = [("EDGE__URLS", $"http://127.0.0.1:{EdgeProcess.FreePort()}")];
        var input = command[0] switch
        {
            "explain" => """{"ip": "203.0.113.7"}""",
            _ => "reader-1\n",
        };
        return await EdgeProcess.RunAsync([.. command, "--data-dir", DataDir], environment, input);
    }

    private async Task GiveAwayAsync()
    {
        using var chown = Process.Start("chown", ["-R", $"{Nobody}:{Nobody}", Real]);
        await chown.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, chown.ExitCode);
    }

    private async Task AssertNothingOfRootAsync()
    {
        var start = new ProcessStartInfo("find", [Real, "-user", "0"]) { RedirectStandardOutput = true };
        using var find = Process.Start(start)!;
        Assert.Equal("", await find.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
    }
}
