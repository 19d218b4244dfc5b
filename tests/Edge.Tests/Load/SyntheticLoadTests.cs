using System.Text.Json;
using Edge.LoadTests.Commands;
using Edge.Tests.BlackBox;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Load;

/// <summary>A load test of a service that people use: signed, it leaves what they did as it was.</summary>
public sealed class SyntheticLoadTests(ManagedEdge edge) : IClassFixture<ManagedEdge>
{
    private const int Readers = 12;

    [Fact]
    public async Task Run_WithAKeyForTests_ChangesNoResultAndIsInTheLedgersOwnColumn()
    {
        using var directory = new TempDirectory();
        var (uid, slug) = await edge.CreateAsync("", "start");
        for (var i = 0; i < Readers; i++)
        {
            using var pixel = await edge.Edge.Client.GetAsync($"/s/{slug}/pixel.gif?u=reader-{i}");
            using var click = await edge.Edge.Client.GetAsync($"/s/{slug}/click?u=reader-{i}");
        }

        var before = await Wait.ForAsync(() => CountsAsync(uid), counts => counts == (Readers, Readers, counts.Variants, counts.Results));
        var ledgerBefore = await LedgerAsync();
        var keyFile = directory["synthetic.key"];
        await File.WriteAllTextAsync(keyFile, await edge.CreateKeyAsync("synthetic"));
        // The service looks at its keys every half second.
        await Wait.ForAsync(MarkIsKnownAsync, known => known);
        var unmarked = await LedgerAsync();

        var (exitCode, output, error) = await RunAsync([
            "mixed",
            "--url",
            $"{edge.Edge.Address}",
            "--experiment",
            slug,
            "--synthetic-key",
            keyFile,
            "--key",
            await edge.CreateKeyAsync("write"),
            "--key",
            await edge.CreateKeyAsync("millimetric-sk"),
            "--key",
            await edge.CreateKeyAsync("artie"),
            "--report",
            directory["report"],
        ]);

        Assert.True(exitCode == 0, output + error);
        var ledger = JsonDocument
            .Parse(await File.ReadAllTextAsync(Path.Combine(directory["report"], "report.json")))
            .RootElement.GetProperty("ledger");
        var sent = ledger.GetProperty("acknowledged").GetInt64();
        Assert.True(sent > 100, output);
        Assert.Equal(sent, ledger.GetProperty("synthetic").GetInt64());
        var after = await LedgerAsync();
        Assert.Equal(sent, after.Synthetic - unmarked.Synthetic);
        Assert.Equal(sent, after.Stored - unmarked.Stored);
        // The tally has gone past all of them, and counted none.
        await Wait.ForAsync(LedgerAsync, now => now.TallyPending == 0);
        Assert.Equal(before, await CountsAsync(uid));
        await edge.Edge.UntilForwardedAsync();
        Assert.Equal(2 * Readers, Forwarded.Lines(edge.DataDir).Count(line => line.Contains(slug, StringComparison.Ordinal)));
        Assert.Equal(0, ledgerBefore.Synthetic);

        async Task<bool> MarkIsKnownAsync()
        {
            var mark = await Marks.SignAsync(await File.ReadAllTextAsync(keyFile), "probe");
            using var request = new HttpRequestMessage(HttpMethod.Get, "/s/no-such-slug/pixel.gif");
            request.Headers.Add("Edge-Synthetic", mark);
            var ignored = await IgnoredAsync();
            using var answer = await edge.Edge.Client.SendAsync(request);
            return await IgnoredAsync() == ignored;
        }
    }

    /// <summary>One request has been sent by then.</summary>
    [Fact]
    public async Task Run_WithAKeyThatTheServiceDoesNotKnow_EndsBeforeTheLoad()
    {
        using var directory = new TempDirectory();
        var (_, slug) = await edge.CreateAsync("", "start");
        var keyFile = directory["synthetic.key"];
        await File.WriteAllTextAsync(keyFile, "syn_0123456789abcdefghijklmnopqrstuv");
        var before = await LedgerAsync();

        var (exitCode, _, error) = await RunAsync([
            "mixed",
            "--key",
            await edge.CreateKeyAsync("write"),
            "--key",
            await edge.CreateKeyAsync("millimetric-sk"),
            "--key",
            await edge.CreateKeyAsync("artie"),
            "--url",
            $"{edge.Edge.Address}",
            "--experiment",
            slug,
            "--synthetic-key",
            keyFile,
            "--report",
            directory["report"],
        ]);

        Assert.Equal(2, exitCode);
        Assert.Contains("--synthetic-key is not a key of its own", error, StringComparison.Ordinal);
        var after = await LedgerAsync();
        Assert.Equal((before.Stored + 1, before.Synthetic), (after.Stored, after.Synthetic));
    }

    private async Task<long> IgnoredAsync() =>
        (await edge.Edge.Client.GetStringAsync("/metrics"))
            .Split('\n')
            .Where(line => line.StartsWith("edge_synthetic_marks_ignored_total{", StringComparison.Ordinal))
            .Sum(line => long.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));

    private async Task<(long Stored, long Synthetic, long TallyPending)> LedgerAsync()
    {
        var ledger = JsonDocument.Parse(await edge.Edge.Client.GetStringAsync("/ledger")).RootElement;
        return (
            ledger.GetProperty("stored").GetInt64() + ledger.GetProperty("in_flight").GetInt64(),
            ledger.GetProperty("synthetic").GetProperty("received").GetInt64(),
            ledger
                .GetProperty("sinks")
                .EnumerateArray()
                .Single(sink => sink.Text("sink") == "tally")
                .GetProperty("pending")
                .GetInt64()
        );
    }

    /// <summary>What the experiment has counted, and what its results say of its variants.</summary>
    private async Task<(int Clicks, int InResults, string Variants, string Results)> CountsAsync(string uid)
    {
        var variants = (await edge.SendAsync("GET", $"/{uid}")).Experiment.GetProperty("variants");
        var results = (await edge.SendAsync("GET", $"/{uid}/results")).Json.GetProperty("results");
        return (
            variants.EnumerateArray().Sum(variant => variant.GetProperty("clicks").GetInt32()),
            results.GetProperty("variants").EnumerateArray().Sum(variant => variant.GetProperty("clicks").GetInt32()),
            variants.GetRawText(),
            results.GetProperty("variants").GetRawText()
        );
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exitCode = await CommandLine.RunAsync([.. arguments, .. LoadTestCommandTests.Short], output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
