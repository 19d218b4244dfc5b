using System.Diagnostics;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// What only a process shows: closed and full outputs, pipes, completion in a shell, where a health check asks, and why
/// a start was refused.
/// </summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("closed", "\"$EDGE\" version >&-")]
    [InlineData("closed, help", "\"$EDGE\" --help >&-")]
    [InlineData("full", "\"$EDGE\" version >/dev/full")]
    [InlineData("full, help", "\"$EDGE\" >/dev/full")]
    [InlineData("full, filter", "echo x | \"$EDGE\" ua >/dev/full")]
    [InlineData("closed, filter", "echo '{}' | \"$EDGE\" source >&-")]
    [InlineData("pipe without a reader", "(sleep 0.2; \"$EDGE\" version; echo rc=$? >&2) | true; exit 1")]
    public async Task Output_ThatTakesNothing_IsOneLineAndExitCodeOne(string row, string script)
    {
        var (exitCode, output, error) = await ShellAsync(script);

        Assert.Equal((row, 1, ""), (row, exitCode, output));
        var lines = error.TrimEnd('\n').Split('\n');
        Assert.StartsWith("edge", lines[0], StringComparison.Ordinal);
        Assert.Contains("standard output cannot be written", lines[0], StringComparison.Ordinal);
        Assert.Equal(row.StartsWith("pipe", StringComparison.Ordinal) ? ["rc=1"] : [], lines[1..]);
    }

    [Theory]
    [InlineData("yes 'Mozilla/5.0' 2>/dev/null | \"$EDGE\" ua")]
    [InlineData("yes '{\"url\":\"https://a.example/\"}' 2>/dev/null | \"$EDGE\" source")]
    [InlineData("yes '{\"user_agent\":\"x\"}' 2>/dev/null | \"$EDGE\" verdict")]
    public async Task Filter_WhoseReaderLeaves_StopsQuietly(string filter)
    {
        // An endless input: a filter that did not notice would never end.
        var (exitCode, output, error) = await ShellAsync($"({filter}; echo rc=$? >&2) | head -n 1");

        Assert.Equal((0, "rc=0\n"), (exitCode, error));
        Assert.Single(output.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task Results_WhoseReaderLeaves_StopQuietly()
    {
        using var data = new TempDirectory();
        await using (var edge = await EdgeProcess.StartAsync(data.Path))
        {
            Assert.Equal(0, await edge.StopAsync());
        }

        // Not before the reader has gone.
        var results = $"\"$EDGE\" results demo-ab --data-dir {data.Path}";
        var (_, output, error) = await ShellAsync($"(sleep 0.5; {results}; echo rc=$? >&2) | true; {results} | head -n 1");

        Assert.Equal("rc=0\n", error);
        Assert.Single(output.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("no file", 2, "\"$EDGE\" check --config ''", "edge check: --config needs the name of a file")]
    [InlineData("a directory as file", 2, "\"$EDGE\" serve --config /tmp", "edge serve: --config needs the name of a file, and '/tmp'")]
    [InlineData("no directory", 2, "\"$EDGE\" keys list --data-dir ''", "edge keys list: --data-dir needs the name of a dir")]
    [InlineData("a directory as input", 1, "\"$EDGE\" ua </tmp", "edge ua: ")]
    [InlineData("a directive with a wrong number", 1, "\"$EDGE\" '[suggest:-1]' x", "edge")]
    [InlineData(
        "an empty salt",
        1,
        "D=$(mktemp -d); mkdir $D/keys; : >$D/keys/address-salt; \"$EDGE\" serve --data-dir $D --urls http://127.0.0.1:0; "
            + "R=$?; rm -r $D; exit $R",
        "edge serve: "
    )]
    public async Task Command_ThatCannotWork_IsOneLineAndNoAbort(string row, int code, string script, string beginning)
    {
        var (exitCode, output, error) = await ShellAsync(script);

        Assert.Equal((row, code, ""), (row, exitCode, output));
        Assert.StartsWith(beginning, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task Completion_InBash_CompletesCommandsOptionsAndValues()
    {
        const string Script = """
            PATH="$(dirname "$EDGE"):$PATH"
            eval "$(edge completions bash)"
            complete -p edge >/dev/null || exit 9
            for COMP_LINE in "edge key" "edge journal " "edge keys create --kind artie --sc" "edge keys create --kind millimetric-s"; do
                COMP_POINT=${#COMP_LINE}
                read -ra COMP_WORDS <<<"$COMP_LINE"
                [[ $COMP_LINE == *" " ]] && COMP_WORDS+=("")
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                COMPREPLY=()
                _edge_completions
                echo "${COMPREPLY[*]}"
            done
            """;

        var (exitCode, output, error) = await ShellAsync(Script);

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(
            ["keys", "--help -h dump replay skip-to stat verify", "--scope", "millimetric-sk"],
            output.TrimEnd('\n').Split('\n')
        );
    }

    [Fact]
    public async Task Healthcheck_WithoutAnAddress_AsksWhereTheConfigurationSays()
    {
        using var data = new TempDirectory();
        var admin = EdgeProcess.FreePort();
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--admin-urls", $"http://0.0.0.0:{admin}"],
            admin: new Uri($"http://127.0.0.1:{admin}")
        );
        File.WriteAllText(data["edge.json"], $$"""{"adminUrls": "http://*:{{admin}}"}""");

        var byEnvironment = await EdgeProcess.RunAsync(
            ["healthcheck"],
            [("EDGE__ADMINURLS", $"http://[::]:{admin}"), ("EDGE__URLS", edge.Address.ToString())]
        );
        var byFile = await EdgeProcess.RunAsync(["healthcheck", "--config", data["edge.json"]]);
        var elsewhere = await EdgeProcess.RunAsync(["healthcheck"], [("EDGE__URLS", edge.Address.ToString())]);
        var named = await EdgeProcess.RunAsync(
            ["healthcheck", "--url", $"http://127.0.0.1:{admin}"],
            [("EDGE__URLS", "nonsense")]
        );
        var wrong = await EdgeProcess.RunAsync(["healthcheck"], [("EDGE__URLS", "nonsense")]);

        Assert.Equal((0, "ready\n"), (byEnvironment.ExitCode, byEnvironment.Output));
        Assert.Equal((0, 1, 0, 1), (byFile.ExitCode, elsewhere.ExitCode, named.ExitCode, wrong.ExitCode));
        Assert.Contains("urls", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Healthcheck_OfAnHttp2Listener_SpeaksHttp2()
    {
        using var data = new TempDirectory();
        (string, string)[] environment = [("EDGE__HTTP__PROTOCOL", "http2")];
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            environment: environment,
            version: System.Net.HttpVersion.Version20
        );

        var check = await EdgeProcess.RunAsync(["healthcheck", "--url", edge.Address.ToString()], environment);

        Assert.Equal((0, "ready\n"), (check.ExitCode, check.Output));
    }

    [Theory]
    [InlineData("an address of another machine", "--urls", "http://192.0.2.7:80", "urls is http://192.0.2.7:80")]
    [InlineData("a directory that is a file", "--data-dir", "/dev/null", "dataDir /dev/null")]
    [InlineData("a directory below a file", "--data-dir", "/dev/null/x", "dataDir /dev/null/x")]
    public async Task Serve_ThatCannotStart_NamesSettingAndRemedy(string row, string option, string value, string words)
    {
        using var data = new TempDirectory();
        string[] rest = option == "--urls" ? ["--data-dir", data.Path] : ["--urls", "http://127.0.0.1:0"];

        var (exitCode, output, error) = await EdgeProcess.RunAsync(["serve", option, value, .. rest]);

        Assert.Equal((row, 1, ""), (row, exitCode, output));
        var line = error.TrimEnd('\n').Split('\n')[^1];
        Assert.StartsWith("edge serve: ", line, StringComparison.Ordinal);
        Assert.Contains(words, line, StringComparison.Ordinal);
        Assert.Contains($"with {option}", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_FirstStartThatFails_KeepsTheFirstKeyForTheNext()
    {
        using var data = new TempDirectory();
        using var other = new TempDirectory();
        await using (var edge = await EdgeProcess.StartAsync(other.Path))
        {
            var failed = await EdgeProcess.RunAsync([
                "serve",
                "--data-dir",
                data.Path,
                "--urls",
                edge.Address.ToString(),
            ]);
            Assert.Equal((1, ""), (failed.ExitCode, failed.Output));
        }

        await using var second = await EdgeProcess.StartAsync(data.Path, []);
        await second.StopAsync();

        Assert.Contains("API key, shown this once: mk_live_", await second.Output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output, string Error)> ShellAsync(string script)
    {
        var start = new ProcessStartInfo("bash", ["-c", script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["EDGE"] = EdgeBinary.Path;
        using var shell = Process.Start(start)!;
        var output = shell.StandardOutput.ReadToEndAsync();
        var error = shell.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        await shell.WaitForExitAsync(deadline.Token);
        return (shell.ExitCode, await output, await error);
    }
}
