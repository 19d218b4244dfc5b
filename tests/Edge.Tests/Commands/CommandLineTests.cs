using System.Text;
using Edge.Access;
using Edge.Commands;
using Edge.Commands.Streams;
using Edge.Formats;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Commands;

/// <summary>How command lines are read: what runs, what is refused in one line, and what help says.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("unknown command", "frobnicate", "edge: unknown command 'frobnicate'; edge --help")]
    [InlineData("misspelt command", "helthcheck", "did you mean healthcheck?")]
    [InlineData("misspelt command of a group", "keys creat", "unknown command 'creat', did you mean create?")]
    [InlineData("no command of a group", "journal", "needs one of dump, verify, stat, skip-to, replay")]
    [InlineData("misspelt option", "serve --ursl x", "unknown option '--ursl', did you mean --urls?")]
    [InlineData("option of another command", "version --demo", "unknown option '--demo'")]
    [InlineData("option without its value", "serve --urls", "--urls needs a value")]
    [InlineData("option given twice", "serve --urls a --urls b", "--urls is given twice")]
    [InlineData("flag with a value", "serve --demo=yes", "unexpected argument 'yes'")]
    [InlineData("stray argument", "serve stray", "unexpected argument 'stray'")]
    [InlineData("required option", "keys create --project p", "edge keys create: needs --kind KIND")]
    [InlineData("two required options", "explain --at x", "needs --experiment FILE and --request FILE")]
    [InlineData("required option without its value", "geo --db", "needs --db FILE")]
    [InlineData("three required options", "journal replay", "needs --sink NAME and --from TIME and --to TIME")]
    [InlineData("required argument", "keys revoke", "needs ID")]
    [InlineData("unknown shell", "completions tcsh", "unknown command 'tcsh'")]
    [InlineData("help of nothing", "help frobnicate", "unknown command 'frobnicate'")]
    [InlineData("help after nothing", "frobnicate --help", "unknown command 'frobnicate'")]
    [InlineData("help by a slash is a path", "serve /h", "unexpected argument '/h'")]
    [InlineData("a response file is a value", "keys revoke @x y", "unexpected argument 'y'")]
    public async Task WrongUsage_IsOneLineWithARemedyAndExitCodeTwo(string row, string line, string words)
    {
        var (exitCode, output, error) = await RunAsync(line.Split(' '));

        Assert.Equal((row, 2, ""), (row, exitCode, output));
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("edge", error, StringComparison.Ordinal);
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.Contains(" --help shows how it is used", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "edge serve")]
    [InlineData("--help", "edge serve")]
    [InlineData("-h", "edge serve")]
    [InlineData("help", "edge serve")]
    [InlineData("serve", "--admin-urls <URLS>")]
    [InlineData("check", "--experiment <FILE>")]
    [InlineData("explain", "--at <TIME>")]
    [InlineData("keys", "revoke <ID>")]
    [InlineData("keys create", "--kind <KIND> (REQUIRED)")]
    [InlineData("keys list", "--data-dir <DIR>")]
    [InlineData("keys revoke", "<ID>")]
    [InlineData("journal", "skip-to")]
    [InlineData("journal dump", "NDJSON")]
    [InlineData("journal verify", "--config <FILE>")]
    [InlineData("journal stat", "--config <FILE>")]
    [InlineData("journal skip-to", "--to <NUMBER> (REQUIRED)")]
    [InlineData("journal replay", "--from <TIME> (REQUIRED)")]
    [InlineData("sink", "resume <NAME>")]
    [InlineData("sink status", "--url <URL>")]
    [InlineData("sink init", "--print")]
    [InlineData("sink pause", "[<NAME>]")]
    [InlineData("sink resume", "[<NAME>]")]
    [InlineData("dead-letters", "resend <ID>")]
    [InlineData("dead-letters list", "--sink <NAME>")]
    [InlineData("dead-letters resend", "[<ID>]")]
    [InlineData("ua", "--stdin")]
    [InlineData("geo", "--db <FILE> (REQUIRED)")]
    [InlineData("source", "--stdin")]
    [InlineData("verdict", "--config <FILE>")]
    [InlineData("healthcheck", "--url <URL>")]
    [InlineData("completions", "fish")]
    [InlineData("version", "version [options]")]
    public async Task Help_OfEveryCommand_IsPrintedToStdout(string command, string words)
    {
        var parts = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (var line in (string[][])[[.. parts, "--help"], [.. parts, "-h"], ["help", .. parts]])
        {
            if (command.StartsWith('-') || (command == "help" && line[0] == "help"))
            {
                continue;
            }

            var (exitCode, output, error) = await RunAsync(line);

            Assert.Equal((0, ""), (exitCode, error));
            Assert.Contains("Usage:\n", output, StringComparison.Ordinal);
            if (command != "help")
            {
                Assert.Contains(words, output, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Help_OfKeysCreate_NamesEveryKind()
    {
        var (_, output, _) = await RunAsync(["keys", "create", "--help"]);

        var kinds = WireNames<KeyKind>.Kebab.Choices.Split(", ");
        Assert.Contains(
            $"{string.Join(", ", kinds[..^1])} or {kinds[^1]}.",
            string.Join(' ', output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("keys ", "create,export,import,list,revoke")]
    [InlineData("keys cr", "create")]
    [InlineData("keys create --kind art", "artie")]
    [InlineData("completions ", "bash,fish,zsh")]
    [InlineData("sink init --pr", "--print")]
    public async Task Suggest_PartOfALine_NamesWhatMayFollow(string line, string expected)
    {
        var (exitCode, output, _) = await RunAsync([$"[suggest:{line.Length}]", line]);

        Assert.Equal(0, exitCode);
        Assert.Equal(
            expected,
            string.Join(',', output.Split('\n').Where(word => word.Length > 0 && word is not ("-h" or "--help")))
        );
    }

    [Fact]
    public async Task Options_InBothForms_ReachTheCommand()
    {
        using var data = new TempDirectory();

        var spaced = await RunAsync(["keys", "create", "--kind", "traffical", "--scope", "sdk:read", "--scope", "sdk:write", .. Dir()]);
        var joined = await RunAsync(["keys", "create", "--kind=write", "--project=@p", .. Dir()]);
        var list = await RunAsync(["keys", "list", .. Dir()]);

        Assert.Equal((0, 0, 0), (spaced.ExitCode, joined.ExitCode, list.ExitCode));
        var rows = list.Output.TrimEnd('\n').Split('\n').Select(row => row.Split('\t')).ToArray();
        Assert.Equal(("-", "sdk:read,sdk:write"), (rows[0][5], rows[0][6]));
        Assert.Equal(("@p", "-"), (rows[1][5], rows[1][6]));

        string[] Dir() => ["--data-dir", data.Path];
    }

    [Theory]
    [InlineData("millimetric-sk", "fact", "did you mean facts? it has ingest, query, facts")]
    [InlineData("traffical", "sdkwrite", "did you mean sdk:write? it has sdk:write, sdk:read, facts")]
    [InlineData("artie", "fcats", "is not a scope of artie; did you mean facts? facts is the only one")]
    [InlineData("artie", "ingest", "is not a scope of artie; facts is the only one")]
    [InlineData("write", "facts", "keys of the kind write have no scopes")]
    public async Task KeysCreate_UnknownScope_NamesTheNearest(string kind, string scope, string expected)
    {
        using var data = new TempDirectory();

        var (exitCode, output, error) = await RunAsync(
            ["keys", "create", "--kind", kind, "--scope", scope, "--data-dir", data.Path]
        );

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--visitors must be a whole number, not '1e3'", "demo-traffic", "--visitors", "1e3")]
    [InlineData("--seconds must be a whole number, not '1.5'", "demo-traffic", "--seconds", "1.5")]
    [InlineData("--seconds is given twice", "demo-traffic", "--seconds", "1", "--seconds", "2")]
    [InlineData("unknown option '--foo'", "results", "--foo")]
    [InlineData("unknown option '--ulr', did you mean --url?", "results", "demo-ab", "--ulr")]
    [InlineData("unknown option '--foo'", "keys", "revoke", "--foo")]
    [InlineData("--project needs a value, and '--foo' is none", "keys", "create", "--kind", "write", "--project", "--foo")]
    public async Task WrongUsage_OfAValue_IsNamedAsItIs(string expected, params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync(arguments);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("results", "demo-ab")]
    [InlineData("healthcheck")]
    [InlineData("sink", "status")]
    [InlineData("demo-traffic")]
    public async Task Url_WithAPassword_IsRefusedAndNotRepeated(params string[] command)
    {
        var (exitCode, output, error) = await RunAsync([.. command, "--url", "http://user:geheim@127.0.0.1:1"]);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains("has no user and password", error, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_WithControlCharacters_IsPrintedEscaped()
    {
        var (_, _, error) = await RunAsync(["sink", "pause", "a\u001b[31m\u009bb\r\u0007ü\u202e\u2066\u2020"]);

        Assert.StartsWith(
            "edge sink pause: there is no sink 'a\\u001b[31m\\u009bb\\u000d\\u0007ü\\u202e\\u2066\u2020'",
            error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void ControlEscapes_ACharacterInTwoWrites_IsEscapedAllTheSame()
    {
        var target = new MemoryStream();
        var escapes = new ControlEscapes(target);

        foreach (var value in "x\u0085\u00a0\u007f\tü\u202e\u061c\u0627€\n"u8.ToArray())
        {
            escapes.Write([value]);
        }

        Assert.Equal("x\\u0085\u00a0\\u007f\tü\\u202e\\u061c\u0627€\n", Encoding.UTF8.GetString(target.ToArray()));
    }

    [Theory]
    [InlineData("terminal", true, "{\"a\":\"\\u009b\"}")]
    [InlineData("file", false, "{\"a\":\"\u009b\"}")]
    public void Output_OfBytes_IsEscapedForATerminalOnly(string row, bool isTerminal, string expected)
    {
        var output = new MemoryStream();
        var io = new StandardStreams(() => Stream.Null, output, Stream.Null, isTerminal);

        io.Output.Write("{\"a\":\"\u009b\"}"u8);

        Assert.Equal((row, expected), (row, Encoding.UTF8.GetString(output.ToArray())));
    }

    [Theory]
    [InlineData("ua", "Mozilla/5.0 (X11; Linux x86_64; rv:100.0) Gecko/20100101 Firefox/100.0")]
    [InlineData("source", """{"url":"https://shop.example/?utm_source=news"}""")]
    [InlineData("verdict", """{"user_agent":"curl/8.0","kind":"pixel"}""")]
    public async Task Filter_InputWithAMark_IsReadAsWithoutIt(string command, string line)
    {
        var plain = await RunAsync([command], line + "\n");
        var marked = await RunAsync([command], "\uFEFF" + line + "\n");

        Assert.Equal((0, ""), (plain.ExitCode, plain.Error));
        Assert.Equal(plain, marked);
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] args, string input = "")
    {
        var output = new MemoryStream();
        var error = new MemoryStream();
        var io = new StandardStreams(
            () => new MemoryStream(Encoding.UTF8.GetBytes(input)),
            output,
            error,
            isTerminal: false
        );
        var exitCode = await CommandLine.RunAsync(args, io);
        return (exitCode, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(error.ToArray()));
    }
}
