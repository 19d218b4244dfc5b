using System.Text;
using Edge.Catalog;
using Edge.Corrections;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Forwarding.Pump;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.Corrections.Seen;

namespace Edge.Tests.Corrections;

/// <summary>Corrections in a real journal: each once, wherever a run ends.</summary>
public sealed class CorrectionPumpTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly EventIds _ids = new(TimeProvider.System);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Burst_InTheJournal_IsCorrectedThereOnce()
    {
        await using var journal = TestJournal.Open(_directory["journal"]);
        using var pump = Open(journal);
        pump.Start();
        Append(journal, Burst());
        var corrections = await UntilAsync(journal, 3);
        await pump.StopAsync(Wait.Limit);

        Assert.Equal(3, corrections.Select(CorrectedBy).Distinct().Count());
        Assert.Equal(new RuleCorrections("link_burst", 3, 0), Assert.Single(pump.Status.Rules));
        Assert.Equal(journal.Ledger.Received, journal.Journal.CommittedSequence);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Start_AfterSomeCorrectionsWereWritten_WritesTheOthers(int written)
    {
        await using var journal = TestJournal.Open(_directory["journal"]);
        // Its cursor begins here.
        Open(journal).Dispose();
        var burst = Burst();
        var ids = Append(journal, burst);
        var found = new List<Correction>();
        var judge = new LateJudge(Judged.WindowMs, 1 << 20);
        judge.Use(Judged.BuiltIn(excludesBursts: true));
        for (var i = 0; i < burst.Length; i++)
        {
            judge.Observe(burst[i].Encode(ids[i]), ids[i], [], burst[i].At.ToUnixTimeMilliseconds(), found);
        }

        foreach (var correction in found.Take(written))
        {
            var record = CorrectionEncoder.Encode(correction, correction.Id, "test", Envelope.HeaderBytes);
            Assert.Equal(AppendResult.Appended, journal.Journal.TryAppend(record, correction.Id, out _));
        }

        Append(journal, Signed(60_000, "z", message: 99));
        await journal.Journal.CommitAsync();
        using (var pump = Open(journal))
        {
            pump.Start();
            await UntilAsync(journal, 3);
            await pump.StopAsync(Wait.Limit);
        }

        // And once more, from the same cursor.
        await journal.Journal.CommitAsync();
        using (var pump = Open(journal))
        {
            pump.Start();
            Append(journal, Signed(61_000, "z", message: 99));
            await Wait.UntilAsync(() => pump.Status.Clicks == 5, () => $"{pump.Status}");
            await pump.StopAsync(Wait.Limit);
        }

        var corrections = await UntilAsync(journal, 3);
        Assert.Equal(
            found.Select(static correction => correction.Click.Id.ToString()).Order(StringComparer.Ordinal),
            corrections.Select(CorrectedBy).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task Start_WithACursorOfAnotherJournal_BeginsWithWhatComesNext()
    {
        await using (var other = TestJournal.Open(_directory["other"]))
        {
            Open(other).Dispose();
        }

        await using var journal = TestJournal.Open(_directory["journal"]);
        Append(journal, Burst());
        await journal.Journal.CommitAsync();
        using var pump = Open(journal);
        pump.Start();
        Append(journal, [.. Burst().Select(static e => e with { Message = 8 })]);
        var corrections = await UntilAsync(journal, 3);
        await pump.StopAsync(Wait.Limit);

        Assert.All(corrections, static json => Assert.Contains("\"message_hash\":\"0000000000000008\"", json, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Journal_ThatIsRead_MayBeForgotten()
    {
        await using var journal = TestJournal.Open(
            TestJournal.SmallOptions(_directory["journal"]) with { RetainHours = 0, RetainBytes = 0 }
        );
        using var pump = Open(journal);
        pump.Start();
        for (var i = 0; i < 400; i++)
        {
            Append(journal, Signed(i * 10, "a", message: (ulong)i + 1) with { Source = new string('s', 400) });
        }

        await journal.Journal.CommitAsync();
        await Wait.UntilAsync(
            () =>
            {
                _ = journal.Journal.CommitAsync();
                return journal.Journal.Status.BeginAddress > 64 << 10;
            },
            () => $"{journal.Journal.Status}"
        );
        await pump.StopAsync(Wait.Limit);
    }

    private static Seen[] Burst() => [Signed(0, "a"), Signed(100, "b"), Signed(200, "c")];

    private static string CorrectedBy(string json) =>
        json.Substring(json.IndexOf("\"corrects\":\"", StringComparison.Ordinal) + 12, EventId.TextChars);

    private CorrectionPump Open(TestJournal journal) =>
        CorrectionPump.Open(
            new CorrectionOptions(_directory["late-verdicts"], "test", Judged.WindowMs, 1 << 20),
            journal.Journal,
            new TruncationGate(journal.Journal),
            new VerdictJudge(
                VerdictRules.Load(VerdictRuleOptions.Default with { ExcludesBursts = true }).Table,
                0,
                new EnrichmentFaults()
            ),
            new CatalogHolder(),
            TimeProvider.System,
            new LogLines()
        );

    private EventId[] Append(TestJournal journal, params Seen[] events)
    {
        var ids = new EventId[events.Length];
        for (var i = 0; i < events.Length; i++)
        {
            ids[i] = _ids.Next(events[i].At);
            var record = TestJournal.RecordOf(Encoding.UTF8.GetString(events[i].Encode(ids[i])));
            AppendResult result;
            while ((result = journal.Journal.TryAppend(record, ids[i], out _)) == AppendResult.Busy)
            {
                Thread.Yield();
            }

            Assert.Equal(AppendResult.Appended, result);
        }

        return ids;
    }

    /// <summary>Waits for that many corrections in the journal.</summary>
    private static Task<List<string>> UntilAsync(TestJournal journal, int count) =>
        Wait.ForAsync(
            async () =>
            {
                await journal.Journal.CommitAsync();
                return journal
                    .ReadAll()
                    .Select(static record => record.Payload)
                    .Where(static json => json.Contains("\"type\":\"verdict\"", StringComparison.Ordinal))
                    .ToList();
            },
            found => found.Count >= count
        );
}
