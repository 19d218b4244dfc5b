using System.Text;
using Edge.Commands;
using Edge.Commands.Streams;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>Marks of tests, signed by the command that operators use.</summary>
internal static class Marks
{
    private const string Header = "Edge-Synthetic: ";

    /// <summary>The header's value.</summary>
    public static async Task<string> SignAsync(string secret, string test, int hours = 1)
    {
        var (exitCode, output, error) = await RunAsync(secret, test, $"{hours}");
        Assert.True(exitCode == 0, error);
        Assert.StartsWith(Header, output, StringComparison.Ordinal);
        return output.Trim()[Header.Length..];
    }

    /// <summary>Runs the command in this process.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string secret,
        string test,
        string hours
    )
    {
        using var directory = new TempDirectory();
        var file = directory["synthetic.key"];
        await File.WriteAllTextAsync(file, secret + "\n");
        var (output, error) = (new MemoryStream(), new MemoryStream());
        var io = new StandardStreams(() => Stream.Null, output, error, isTerminal: false);
        var exitCode = await CommandLine.RunAsync(["synthetic", test, "--key-file", file, "--hours", hours], io);
        return (exitCode, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(error.ToArray()));
    }
}
