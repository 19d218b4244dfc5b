using System.Diagnostics;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary><c>edge config print</c> of the native binary: what holds, where it comes from, and no secret.</summary>
public sealed class ConfigTests : IDisposable
{
    private readonly TempDirectory _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task Print_SecretsEverywhere_ShowsNone()
    {
        File.WriteAllText(_site["salt"], "TOP-SECRET-salt-of-the-fleet-1f0c8a");
        File.WriteAllText(
            _site["edge.json"],
            $$"""
            {
              "api": { "firstKey": "mk_live_TOPSECRET4f8a0c1e9b7d2f6a3c5e8b0d" },
              "privacy": { "addressSaltFile": "{{_site["salt"]}}" },
              "sinks": {
                "p": { "type": "postgres", "connection": "Host=db.example;Database=e;Username=u;Password=TOP-SECRET;SSL Password=TOP-SECRET" },
                "q": { "type": "postgres", "connection": "Host=db.example;Database=e;Username=u", "password": "TOP-SECRET" },
                "h": { "type": "http", "url": "https://hooks.example/TOP-SECRET?token=TOP-SECRET", "secret": "TOP-SECRET", "headers": { "Authorization": "TOP-SECRET" } }
              }
            }
            """
        );

        var (code, output, error) = await RunAsync("print");

        Assert.True(code == 0, error);
        Assert.DoesNotContain("TOP-SECRET", output + error, StringComparison.Ordinal);
        Assert.DoesNotContain("TOPSECRET", output + error, StringComparison.Ordinal);
        Assert.Contains("https://hooks.example/(set)", output, StringComparison.Ordinal);
        Assert.Matches(@"privacy\.addressSalt +\(set\) +privacy\.addressSaltFile\n", output);
        Assert.Matches(@"sinks\.p\.connection +Host=db\.example;.*Password=\(set\)", output);
    }

    [Fact]
    public async Task Print_Changed_NamesWhereEachValueComesFrom()
    {
        var file = _site["edge.json"];
        File.WriteAllText(
            file,
            """{ "ack": { "click": "disk" }, "sinks": { "h": { "type": "http", "url": "https://a.example/", "headers": { "A": "b" } } } }"""
        );

        var (code, output, _) = await RunAsync("print", "--changed");

        Assert.Equal(0, code);
        var rows = output.Split('\n').Select(static line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToArray();
        Assert.Contains(["http.stopGraceMs", "2000", "environment variable EDGE__HTTP__STOPGRACEMS"], rows);
        Assert.Contains(["ack.click", "disk", file], rows);
        Assert.Contains(["sinks.h.headers", "A=(set)", file], rows);
        Assert.Contains(["dataDir", _site["data"], "option --data-dir"], rows);
        Assert.DoesNotContain(rows, static row => row is ["ack.pixel", ..]);
    }

    [Fact]
    public async Task Print_AValueThatIsRefused_ShowsWhatHoldsInstead()
    {
        File.WriteAllText(_site["edge.json"], """{ "http": { "maxHeaderCount": 1 } }""");

        var (code, output, error) = await RunAsync("print");

        Assert.Equal(1, code);
        Assert.Contains("http.maxHeaderCount must be a whole number from 8 to 1000", error, StringComparison.Ordinal);
        Assert.Matches(@"http\.maxHeaderCount +64 +default", output);
    }

    [Fact]
    public async Task Print_APipeToWhichNobodyWrites_Ends()
    {
        using var make = Process.Start("mkfifo", _site["edge.json"]);
        await make.WaitForExitAsync();

        var (code, _, error) = await RunAsync("print");

        Assert.Equal(1, code);
        Assert.Contains("gave nothing within 10 s", error, StringComparison.Ordinal);
    }

    private Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments) =>
        EdgeProcess.RunAsync(
            ["config", .. arguments, "--config", _site["edge.json"], "--data-dir", _site["data"]],
            environment: [("EDGE__HTTP__STOPGRACEMS", "2s")]
        );
}
