using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Runs every block of commands of the README (<c>sh</c>) in one shell, beside a service with the examples, and compares
/// what each prints with the block of output after it (<c>text</c>); the same for the blocks of <c>docs</c> that have
/// one, all in one shell. Three dots in the output stand for any text on the
/// line, or alone for any lines; ids, times and the node's name are compared as such. Blocks with <c>make</c> are what
/// the tests themselves are.
/// </summary>
public partial class DocumentationTests
{
    private const string DocumentedAddress = "127.0.0.1:8080";
    private const string DocumentedOrigin = "127.0.0.1:8443";
    private const string FleetDocument = "fleet.md";

    [Fact]
    public Task Readme_EveryCommand_PrintsWhatItSays() => CheckAsync(BlocksOf("README.md"));

    [Fact]
    public Task Docs_EveryCommandWithOutput_PrintsWhatItSays() =>
        CheckAsync([
            .. Directory
                .GetFiles(Path.Combine(Repository.Root, "docs"), "*.md")
                .Order(StringComparer.Ordinal)
                .Where(static path => Path.GetFileName(path) != FleetDocument)
                .SelectMany(BlocksOf)
                .Where(block => block.Output.Length > 0),
        ]);

    /// <summary>The commands start their services themselves, so none runs beside them.</summary>
    [Fact]
    public async Task Fleet_EveryCommandOfSettingUp_PrintsWhatItSays()
    {
        using var directory = new TempDirectory();
        await CheckAsync(
            BlocksOf(Path.Combine("docs", FleetDocument)),
            directory,
            [(DocumentedAddress, $"127.0.0.1:{EdgeProcess.FreePort()}"), (DocumentedOrigin, $"127.0.0.1:{EdgeProcess.FreePort()}")],
            service: null
        );
    }

    private static async Task CheckAsync(List<Block> blocks)
    {
        using var directory = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(directory["data"], ["--demo"]);
        var service = edge.Client.BaseAddress!;
        await CheckAsync(blocks, directory, [(DocumentedAddress, service.Authority)], service);
    }

    /// <param name="blocks">What is run.</param>
    /// <param name="directory">Where.</param>
    /// <param name="addresses">Addresses as documents have them, and as they are here.</param>
    /// <param name="service">The service that runs beside it; null when the commands start their own.</param>
    private static async Task CheckAsync(
        List<Block> blocks,
        TempDirectory directory,
        (string Documented, string Here)[] addresses,
        Uri? service
    )
    {
        Assert.NotEmpty(blocks);

        var script = new StringBuilder();
        for (var i = 0; i < blocks.Count; i++)
        {
            // A person waits a second for what comes soon; a busy machine needs longer.
            var commands = blocks[i].Commands.Replace("sleep 1;", "sleep 10;", StringComparison.Ordinal);
            foreach (var (documented, here) in addresses)
            {
                commands = commands.Replace(documented, here, StringComparison.Ordinal);
            }

            await File.WriteAllTextAsync(directory[$"block-{i}.sh"], commands);
            script.Append($". ./block-{i}.sh > output-{i} 2>&1\n");
        }

        // What the commands have started ends with them.
        script.Append("kill $(jobs -p) 2> killed; wait\n");
        await RunAsync(directory.Path, script.ToString(), service);

        foreach (var (block, i) in blocks.Select((block, i) => (block, i)))
        {
            var output = (await File.ReadAllTextAsync(directory[$"output-{i}"])).ReplaceLineEndings("\n");
            foreach (var (documented, here) in addresses)
            {
                output = output.Replace(here, documented, StringComparison.Ordinal);
            }

            Assert.True(
                block.Output.Length == 0 || PatternOf(block.Output).IsMatch(Mask(output.TrimEnd())),
                $"{block.Document}\n{block.Commands}\nis said to print\n{block.Output}\nand prints\n{output}"
            );
        }
    }

    private static async Task RunAsync(string directory, string script, Uri? service)
    {
        var start = new ProcessStartInfo("bash", ["-s"])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        var binary = Path.GetDirectoryName(EdgeBinary.Path);
        start.Environment["PATH"] = $"{binary}:{Environment.GetEnvironmentVariable("PATH")}";
        // Commands find the service by its settings; a reader has the default address.
        if (service is not null)
        {
            start.Environment["EDGE__URLS"] = service.ToString();
        }

        using var bash = Process.Start(start)!;
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        using var deadline = new CancellationTokenSource(Wait.Limit);
        try
        {
            var error = await bash.StandardError.ReadToEndAsync(deadline.Token);
            await bash.WaitForExitAsync(deadline.Token);
            Assert.Equal("", error);
        }
        catch (OperationCanceledException)
        {
            // Commands that wait for something must not outlive the test.
            bash.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>The blocks of commands of a document, by its path.</summary>
    private static List<Block> BlocksOf(string document)
    {
        var blocks = new List<Block>();
        var text = File.ReadAllText(Path.Combine(Repository.Root, document));
        foreach (Match match in Fences().Matches(text))
        {
            var inside = match.Groups["text"].Value;
            if (match.Groups["kind"].Value == "text" && blocks.Count > 0)
            {
                blocks[^1] = blocks[^1] with { Output = inside.TrimEnd() };
            }
            else if (match.Groups["kind"].Value == "sh" && !MakeLine().IsMatch(inside))
            {
                blocks.Add(new Block(document, inside, ""));
            }
        }

        return blocks;
    }

    /// <param name="Document">Path of its document.</param>
    /// <param name="Commands">The commands.</param>
    /// <param name="Output">What they print; empty when the document does not say.</param>
    private sealed record Block(string Document, string Commands, string Output);

    private static Regex PatternOf(string expected)
    {
        var lines = Mask(expected)
            .Split('\n')
            .Select(line => line == "..." ? "(?:.*\n?)*" : string.Join(".*", line.Split("...").Select(Regex.Escape)) + "\n?");
        return new Regex($"^{string.Concat(lines)}$", RegexOptions.NonBacktracking);
    }

    private static string Mask(string text) =>
        Node().Replace(Time().Replace(Id().Replace(text, "ID"), "TIME"), "\"node\":\"NODE\"");

    [GeneratedRegex(@"^```(?<kind>sh|text)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fences();

    [GeneratedRegex(@"^make ", RegexOptions.Multiline)]
    private static partial Regex MakeLine();

    [GeneratedRegex(@"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Id();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")]
    private static partial Regex Time();

    [GeneratedRegex("\"node\":\"[^\"]*\"")]
    private static partial Regex Node();
}
