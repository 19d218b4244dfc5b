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

    [Fact]
    public Task Readme_EveryCommand_PrintsWhatItSays() => CheckAsync(BlocksOf("README.md"));

    [Fact]
    public Task Docs_EveryCommandWithOutput_PrintsWhatItSays() =>
        CheckAsync([
            .. Directory
                .GetFiles(Path.Combine(Repository.Root, "docs"), "*.md")
                .Order(StringComparer.Ordinal)
                .SelectMany(BlocksOf)
                .Where(block => block.Output.Length > 0),
        ]);

    private static async Task CheckAsync(List<Block> blocks)
    {
        using var directory = new TempDirectory();
        await using var edge = await EdgeProcess.StartAsync(directory["data"], ["--demo"]);
        var address = edge.Client.BaseAddress!.Authority;
        Assert.NotEmpty(blocks);

        var script = new StringBuilder();
        for (var i = 0; i < blocks.Count; i++)
        {
            // A person waits a second for what comes soon; a busy machine needs longer.
            var commands = blocks[i]
                .Commands.Replace(DocumentedAddress, address, StringComparison.Ordinal)
                .Replace("sleep 1;", "sleep 10;", StringComparison.Ordinal);
            await File.WriteAllTextAsync(directory[$"block-{i}.sh"], commands);
            script.Append($". ./block-{i}.sh > output-{i} 2>&1\n");
        }
        await RunAsync(directory.Path, script.ToString(), edge.Client.BaseAddress!);

        foreach (var (block, i) in blocks.Select((block, i) => (block, i)))
        {
            var output = (await File.ReadAllTextAsync(directory[$"output-{i}"]))
                .Replace(address, DocumentedAddress, StringComparison.Ordinal)
                .ReplaceLineEndings("\n");
            Assert.True(
                block.Output.Length == 0 || PatternOf(block.Output).IsMatch(Mask(output.TrimEnd())),
                $"{block.Document}\n{block.Commands}\nis said to print\n{block.Output}\nand prints\n{output}"
            );
        }
    }

    private static async Task RunAsync(string directory, string script, Uri service)
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
        start.Environment["EDGE__URLS"] = service.ToString();
        using var bash = Process.Start(start)!;
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        var error = await bash.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(Wait.Limit);
        await bash.WaitForExitAsync(deadline.Token);
        Assert.Equal("", error);
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
