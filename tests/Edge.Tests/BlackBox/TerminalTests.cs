using System.Diagnostics;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>What strangers say and commands print must not drive the terminal (CWE-150).</summary>
public class TerminalTests
{
    /// <summary>Colours, a title, a screen cleared, in both encodings of the controls.</summary>
    private const string Hostile = "\u001b[31mred\u001b]0;title\u0007\u009b2J\u0085\u007f\r\b done\tend";

    [Theory]
    [InlineData(400, "dead-letters", "list")]
    [InlineData(500, "sink", "status")]
    public async Task Answer_OfAHostileSink_IsPrintedEscaped(int status, string group, string command)
    {
        using var data = new TempDirectory();
        await using var receiver = await HttpReceiver.StartAsync();
        receiver.Script = _ => new ScriptedAnswer(status, Takes: false, Hostile);
        var admin = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}");
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo", "--admin-urls", admin.ToString()],
            [
                ("EDGE__SINKS__HOSTILE__TYPE", "http"),
                ("EDGE__SINKS__HOSTILE__URL", receiver.Url.ToString()),
                ("EDGE__SINKS__HOSTILE__ALLOWPRIVATE", "true"),
            ],
            admin
        );
        await edge.Client.GetAsync("/s/demo-ab/pixel.gif");

        var output = await Wait.ForAsync(
            async () =>
            {
                string[] where = group == "sink" ? ["--url", admin.ToString()] : [];
                var (_, text, _) = await EdgeProcess.RunAsync([group, command, "--data-dir", data.Path, .. where]);
                return text;
            },
            text => text.Contains("red", StringComparison.Ordinal)
        );

        Assert.Contains(@"\u001b[31mred", output, StringComparison.Ordinal);
        Assert.DoesNotContain(output, c => char.IsControl(c) && c is not ('\n' or '\t'));
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("help keys")]
    [InlineData("version")]
    [InlineData("serve --demo --urls http://127.0.0.1:1/path")]
    public async Task Command_OnATerminal_WritesTextAlone(string arguments)
    {
        using var data = new TempDirectory();
        var start = new ProcessStartInfo("script", ["-qec", $"{EdgeBinary.Path} {arguments}", "/dev/null"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = data.Path,
        };
        start.Environment["TERM"] = "xterm";
        using var terminal = Process.Start(start)!;

        var output = await terminal.StandardOutput.ReadToEndAsync();

        Assert.NotEmpty(output);
        Assert.DoesNotContain(output, c => char.IsControl(c) && c is not ('\r' or '\n' or '\t'));
    }
}
