using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary><c>edge keys</c> and what a running service makes of it.</summary>
public class KeysTests
{
    [Fact]
    public async Task Create_ByRootInADirectoryOfTheService_LeavesNothingToRoot()
    {
        const string Nobody = "65534";
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can act as somebody else");
        using var data = new TempDirectory();
        await OutputAsync("chown", $"{Nobody}:{Nobody}", data.Path);

        var (exitCode, _, error) = await EdgeProcess.RunAsync(["keys", "create", "--kind", "artie", "--data-dir", data.Path]);

        Assert.True(exitCode == 0, error);
        var owners = (await OutputAsync("find", data.Path, "-printf", "%U:%G %f\\n")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains($"{Nobody}:{Nobody} keys.json", owners);
        Assert.All(owners, static owner => Assert.StartsWith($"{Nobody}:{Nobody} ", owner, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("pictify", "^mk_live_[A-Za-z0-9]{32}$")]
    [InlineData("write", "^wk_[A-Za-z0-9]{32}$")]
    [InlineData("traffical", "^traffical_sk_[A-Za-z0-9]{32}$")]
    [InlineData("traffical-pk", "^traffical_pk_[A-Za-z0-9]{32}$")]
    [InlineData("millimetric-pk", "^pk_live_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}$")]
    [InlineData("millimetric-sk", "^sk_live_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}$")]
    [InlineData("millimetric-rk", "^rk_live_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}$")]
    [InlineData("artie", "^artie_[A-Za-z0-9]{32}$")]
    [InlineData("synthetic", "^syn_[A-Za-z0-9]{32}$")]
    public async Task Create_PrintsTheSecretOnce_AndStoresOnlyItsHash(string kind, string form)
    {
        using var data = new TempDirectory();

        var (exitCode, output, _) = await EdgeProcess.RunAsync([
            "keys",
            "create",
            "--kind",
            kind,
            "--data-dir",
            data.Path,
            "--origin",
            "https://a.example",
            "--origin",
            "https://b.example:8443",
        ]);

        Assert.Equal(0, exitCode);
        var secret = output.Trim();
        Assert.Matches(form, secret);
        var stored = await File.ReadAllTextAsync(Path.Combine(data.Path, "keys.json"));
        Assert.DoesNotContain(secret, stored, StringComparison.Ordinal);
        var list = (await EdgeProcess.RunAsync(["keys", "list", "--data-dir", data.Path])).Output;
        Assert.Contains($"\t{kind}\t...{secret[^4..]}\tvalid\t", list, StringComparison.Ordinal);
        Assert.Contains("https://a.example,https://b.example:8443", list, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--kind", "nonsense")]
    [InlineData("--project", "x")]
    [InlineData("--kind", "write", "--origin", "https://a.example/path")]
    [InlineData("--kind", "write", "--scope", "")]
    [InlineData("--kind", "artie", "--scope", "sdk:write")]
    [InlineData("--kind", "write", "--scope", "facts")]
    [InlineData("--kind", "millimetric-pk", "--scope", "facts")]
    [InlineData("--kind", "millimetric-sk", "--scope", "ingest", "--scope", "fact")]
    [InlineData("--kind", "traffical", "--scope", "SDK:write")]
    public async Task Create_WithAMistake_IssuesNothing(params string[] arguments)
    {
        using var data = new TempDirectory();

        var (exitCode, output, error) = await EdgeProcess.RunAsync([
            "keys",
            "create",
            "--data-dir",
            data.Path,
            .. arguments,
        ]);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Single(error.Trim().Split('\n'));
        Assert.False(File.Exists(Path.Combine(data.Path, "keys.json")));
    }

    [Theory]
    [InlineData("keys", "create", "--kind", "write")]
    [InlineData("keys", "list")]
    [InlineData("keys", "revoke", "key_1")]
    public async Task Command_ElsewhereThanTheService_SaysSoAndMakesNoDirectory(params string[] arguments)
    {
        using var elsewhere = new TempDirectory();

        var (exitCode, output, error) = await EdgeProcess.RunAsync(arguments, directory: elsewhere.Path);

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Equal(
            $"edge keys {arguments[1]}: there is no directory {elsewhere["data"]}; --data-dir names that of the service (dataDir)\n",
            error
        );
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere.Path));
    }

    [Fact]
    public async Task Create_BeforeTheFirstStart_NamesTheDirectoryItMakes()
    {
        using var place = new TempDirectory();

        var (exitCode, output, error) = await EdgeProcess.RunAsync(
            ["keys", "create", "--kind", "artie"],
            [("EDGE__DATADIR", place["new"])]
        );

        Assert.Equal(0, exitCode);
        Assert.StartsWith("artie_", output, StringComparison.Ordinal);
        Assert.Equal(
            $"edge keys create: makes {place["new"]}; the key is for the service that will start there\n",
            error
        );
    }

    [Fact]
    public async Task Revoke_ClosesTheDoorOfARunningService()
    {
        using var data = new TempDirectory();
        var secret = (
            await EdgeProcess.RunAsync(["keys", "create", "--kind", "pictify", "--data-dir", data.Path])
        ).Output.Trim();
        await using var edge = await EdgeProcess.StartAsync(data.Path, []);
        edge.Client.DefaultRequestHeaders.Authorization = new("Bearer", secret);
        Assert.True((await edge.Client.GetAsync("/experiments/api/quota")).IsSuccessStatusCode);
        var id = Regex
            .Match((await EdgeProcess.RunAsync(["keys", "list", "--data-dir", data.Path])).Output, @"key_\w+")
            .Value;

        var (exitCode, _, _) = await EdgeProcess.RunAsync(["keys", "revoke", id, "--data-dir", data.Path]);

        Assert.Equal(0, exitCode);
        await Wait.ForAsync(
            async () => (await edge.Client.GetAsync("/experiments/api/quota")).StatusCode,
            status => status == HttpStatusCode.Unauthorized
        );

        Assert.Equal(
            1,
            (await EdgeProcess.RunAsync(["keys", "revoke", "key_unknown", "--data-dir", data.Path])).ExitCode
        );
    }

    [Fact]
    public async Task FirstStart_IssuesOneKeyAndPrintsIt_LaterStartsNone()
    {
        using var data = new TempDirectory();
        var outputs = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            await using var edge = await EdgeProcess.StartAsync(data.Path, []);
            await edge.StopAsync();
            outputs.Add(await edge.Output);
        }

        var secret = Regex.Match(outputs[0], "mk_live_[A-Za-z0-9]{32}").Value;
        Assert.NotEmpty(secret);
        Assert.DoesNotContain("mk_live_", outputs[1], StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(data.Path, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain(secret, await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Create_OutputThatTakesNothing_LeavesNoKey()
    {
        using var data = new TempDirectory();
        await EdgeProcess.RunAsync(["keys", "create", "--kind", "artie", "--data-dir", data.Path]);

        var start = new ProcessStartInfo(
            "/bin/sh",
            ["-c", "exec \"$0\" keys create --kind pictify --data-dir \"$1\" >/dev/full", EdgeBinary.Path, data.Path]
        )
        {
            RedirectStandardError = true,
        };
        using var shell = Process.Start(start)!;
        var error = await shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync();

        Assert.Equal(1, shell.ExitCode);
        Assert.Contains("standard output", Assert.Single(error.Trim().Split('\n')), StringComparison.Ordinal);
        var list = await EdgeProcess.RunAsync(["keys", "list", "--data-dir", data.Path]);
        Assert.DoesNotContain("pictify", list.Output, StringComparison.Ordinal);
        Assert.Contains("artie", list.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("write", true)]
    [InlineData("traffical-pk", true)]
    [InlineData("millimetric-pk", true)]
    [InlineData("millimetric-sk", false)]
    public async Task Create_BrowserKeyWithoutOrigins_IsWarnedOf(string kind, bool isWarned)
    {
        using var data = new TempDirectory();

        var (exitCode, _, error) = await EdgeProcess.RunAsync(["keys", "create", "--kind", kind, "--data-dir", data.Path]);

        Assert.Equal(0, exitCode);
        Assert.Equal(isWarned, error.Contains("--origin", StringComparison.Ordinal));
    }

    [Fact]
    public async Task FirstKey_ThatCannotBeShown_IsTakenBackAndShownByTheNextStart()
    {
        using var data = new TempDirectory();
        // The shell gives the service an output that takes nothing.
        var binary = LimitedEdge.Script(data, "exec > /dev/full");
        await using (var edge = EdgeProcess.Launch(data["data"], [], binary: binary))
        {
            Assert.Equal(1, await edge.ExitCodeWithinAsync(Wait.Limit));
            Assert.Contains("api.firstKeyFile", await edge.Error, StringComparison.Ordinal);
        }

        var list = await EdgeProcess.RunAsync(["keys", "list", "--data-dir", data["data"]]);
        Assert.DoesNotContain("\tvalid\t", list.Output, StringComparison.Ordinal);
        await using var next = await EdgeProcess.StartAsync(data["data"], []);
        await next.StopAsync();
        Assert.Contains("API key, shown this once: mk_live_", await next.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FirstKey_FromTheEnvironment_IsAcceptedAndNotPrinted()
    {
        using var data = new TempDirectory();
        const string Secret = "pk_live_4f8a0c1e9b7d2f6a3c5e8b0d1f7a9c2e";
        await using var edge = await EdgeProcess.StartAsync(data.Path, [], [("EDGE__API__FIRSTKEY", Secret)]);
        edge.Client.DefaultRequestHeaders.Authorization = new("Bearer", Secret);

        await UntilAcceptedAsync(edge);

        await edge.StopAsync();
        Assert.Equal("", await edge.Output);
        Assert.DoesNotContain(Secret, await edge.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FirstKey_WithAFileForIt_IsWrittenThereForItsOwnerAndNotPrinted()
    {
        using var data = new TempDirectory();
        var file = data["first-key"];
        for (var start = 0; start < 2; start++)
        {
            await using var edge = await EdgeProcess.StartAsync(data["data"], [], [("EDGE__API__FIRSTKEYFILE", file)]);
            await Wait.UntilAsync(() => File.Exists(file), () => "no file");
            edge.Client.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(file)).Trim());
            await UntilAcceptedAsync(edge);
            await edge.StopAsync();
            Assert.Equal("", await edge.Output);
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Theory]
    [InlineData("changeme")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("pk_live_4f8a0c1e9b7d2f6a 3c5e8b0d1f7a9c2e")]
    public async Task FirstKey_ThatProtectsNothing_IsRefused(string secret)
    {
        using var data = new TempDirectory();

        var (exitCode, _, error) = await EdgeProcess.RunAsync(
            ["serve", "--data-dir", data.Path],
            [("EDGE__API__FIRSTKEY", secret)]
        );

        Assert.Equal(1, exitCode);
        Assert.Contains("api.firstKey", error, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WithAnUnreadableFileOfKeys_IsRefusedInOneLine()
    {
        using var data = new TempDirectory();
        await File.WriteAllTextAsync(Path.Combine(data.Path, "keys.json"), "{\"keys\": [");

        var (exitCode, _, error) = await EdgeProcess.RunAsync([
            "serve",
            "--data-dir",
            data.Path,
            "--urls",
            "http://127.0.0.1:0",
        ]);

        Assert.Equal(1, exitCode);
        Assert.StartsWith("edge serve: the key file", error.Trim().Split('\n')[^1], StringComparison.Ordinal);
    }

    /// <summary>The first key is issued once the service listens.</summary>
    private static Task<HttpStatusCode> UntilAcceptedAsync(EdgeProcess edge) =>
        Wait.ForAsync(
            async () => (await edge.Client.GetAsync("/experiments/api/quota")).StatusCode,
            status => status == HttpStatusCode.OK
        );

    private static async Task<string> OutputAsync(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
