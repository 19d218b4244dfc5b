using Edge.Catalog;
using Edge.Experiments;
using Edge.Journal.Records;
using Edge.Selection;
using Edge.Statistics.Counting;
using Edge.Statistics.Optimization;
using Edge.Statistics.Results;
using Edge.Tests.Experiments;
using Edge.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Edge.Tests.Statistics.Optimization;

/// <summary>The optimizer with a real store, a real journal and a clock that moves when told.</summary>
public sealed class OptimizerTests : IAsyncDisposable
{
    private const int PerVariant = 400;
    private static readonly DateTimeOffset Edited = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TempDirectory _directory = new();
    private readonly TestClock _clock = new(VisitEvent.Noon.AddHours(1));
    private readonly TestJournal _journal;
    private readonly ExperimentFileStore _store;
    private readonly Tally _tally;
    private readonly RecomputationFiles _history;
    private readonly Optimizer _optimizer;
    private RecordBatch? _batch;
    private volatile bool _leads = true;

    public OptimizerTests()
    {
        _journal = TestJournal.Open(_directory["journal"]);
        _store = ExperimentFileStore.Open(_directory["experiments"], ExperimentRules.Default, _clock, _ => { });
        var options = new TallyOptions { Directory = _directory.Path, CursorPath = _directory["cursors", "tally"] };
        _tally = Tally.Open(options, _journal.Journal, _store.Catalog, _clock, NullLogger.Instance);
        _history = RecomputationFiles.Open(_directory["recomputations"], NullLogger.Instance);
        _optimizer = new Optimizer(
            _store,
            _tally,
            _history,
            (experiment, now) => now - experiment.CreatedAt,
            () => _leads,
            _clock,
            NullLogger.Instance
        );
    }

    public async ValueTask DisposeAsync()
    {
        await _optimizer.StopAsync();
        _optimizer.Dispose();
        _tally.Dispose();
        _store.Dispose();
        await _journal.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Recompute_OneVariantIsBetter_MovesTrafficAndKeepsWhatWasAsked()
    {
        Write(Definition());
        Count(successesOfA: 40, successesOfB: 120);
        _optimizer.Start();

        // The first turn comes with the start, so this may already be the second.
        var done = await RecomputeAsync();

        var experiment = Current().Experiment;
        Assert.Equal((2, 2), (done.WeightsVersion, experiment.WeightsVersion));
        Assert.True(experiment.Variants[1].Weight > 9_000, $"{experiment.Variants[1].Weight}");
        Assert.Equal(10_000, experiment.Variants.Sum(variant => variant.Weight));
        Assert.Equal([5_000, 5_000], experiment.Variants.Select(variant => variant.RequestedWeight));
        Assert.Equal(Edited, experiment.UpdatedAt);
        Assert.Equal(1, _optimizer.Published);
    }

    [Theory]
    [InlineData("bandit", 1)]
    [InlineData("bandit off", 1)]
    [InlineData("impressions only", 0)]
    public async Task Recompute_Done_IsRecordedOnceForWhatItChanged(string row, int recorded)
    {
        Write(
            row == "impressions only"
                ? Definition(goal: """{"type":"impressions_only"}""")
                : Definition(bandit: row == "bandit")
        );
        Count(successesOfA: 40, successesOfB: 120);
        _optimizer.Start();
        await RecomputeAsync();
        _clock.Advance(TimeSpan.FromSeconds(5));
        await RecomputeAsync();

        var points = _history.Read("exp_abc123")!;

        Assert.Equal(recorded, points.Count);
        Assert.All(
            points,
            point =>
            {
                Assert.Equal(["a", "b"], point.Variants.Select(variant => variant.VariantId));
                Assert.Equal(
                    Current().Experiment.Variants.Select(variant => variant.Weight),
                    point.Variants.Select(variant => variant.Weight)
                );
                Assert.True(point.Variants[1].BestBasisPoints > 9_900);
            }
        );
    }

    [Fact]
    public async Task Recompute_HistoryCannotBeWritten_StillPublishes()
    {
        Directory.CreateDirectory(_directory["recomputations", "exp_abc123"]);
        Write(Definition());
        Count(successesOfA: 40, successesOfB: 120);
        _optimizer.Start();
        await RecomputeAsync();

        Assert.Equal(2, Current().Experiment.WeightsVersion);
    }

    [Fact]
    public async Task Due_WhileAnotherNodeLeads_WaitsUntilThisOneDoes()
    {
        _leads = false;
        Write(Definition());
        Count(successesOfA: 40, successesOfB: 120);
        _optimizer.Start();
        await AdvanceUntilAsync(() => _clock.GetUtcNow() > VisitEvent.Noon.AddHours(9));
        var before = Current().Experiment.WeightsVersion;

        _leads = true;
        await AdvanceUntilAsync(() => Current().Experiment.WeightsVersion > before);

        Assert.Equal((1, 2), (before, Current().Experiment.WeightsVersion));
    }

    [Theory]
    [InlineData("file gone", true)]
    [InlineData("never counted", false)]
    public async Task History_OfAnExperimentWithoutAFile_GoesWithItsCounts(string row, bool stays)
    {
        if (row == "file gone")
        {
            Count(successesOfA: 40, successesOfB: 120);
        }
        var point = new RecomputationPoint(VisitEvent.Noon, [new RecomputedVariant("a", null, 10_000)]);
        _history.Add("exp_abc123", point);
        _history.Add("exp_unknown", point);
        _optimizer.Start();

        await AdvanceUntilAsync(() => _history.Read("exp_unknown")!.Count == 0);

        Assert.Equal(stays, _history.Read("exp_abc123")!.Count == 1);
    }

    [Fact]
    public async Task Recompute_Published_MovesOnlyTheViewersItMust()
    {
        Write(Definition());
        var before = Current();
        Count(successesOfA: 40, successesOfB: 120);
        _optimizer.Start();
        await RecomputeAsync();
        var after = Current();

        var moved = Enumerable
            .Range(0, Bucketing.Count)
            .Count(bucket => before.Slots.Choose(bucket) != after.Slots.Choose(bucket));
        Assert.Equal(after.Experiment.Variants[1].Weight - 5_000, moved);
        Assert.All(
            Enumerable.Range(0, Bucketing.Count).Where(bucket => before.Slots.Choose(bucket) == 1),
            bucket => Assert.Equal(1, after.Slots.Choose(bucket))
        );

        // As the file has it, which is what a restart reads.
        using var reopened = ExperimentFileStore.Open(
            _directory["experiments"],
            ExperimentRules.Default,
            _clock,
            _ => { }
        );
        Assert.True(reopened.Catalog.Current.TryFindByUid("exp_abc123", out var stored));
        Assert.Equal(
            Enumerable.Range(0, Bucketing.Count).Select(after.Slots.Choose),
            Enumerable.Range(0, Bucketing.Count).Select(stored.Slots.Choose)
        );
        Assert.NotNull(stored.Experiment.Slots);
    }

    [Theory]
    [InlineData("bandit off", RecomputeOutcome.NotOptimized)]
    [InlineData("impressions only", RecomputeOutcome.NotOptimized)]
    [InlineData("warming up", RecomputeOutcome.Unchanged)]
    [InlineData("equal", RecomputeOutcome.Unchanged)]
    [InlineData("paused", RecomputeOutcome.NotRunning)]
    [InlineData("smart link", RecomputeOutcome.NotRunning)]
    [InlineData("no events", RecomputeOutcome.NothingNew)]
    [InlineData("unknown", RecomputeOutcome.NotRunning)]
    public async Task Recompute_NothingToMove_LeavesTheFileAlone(string row, object outcome)
    {
        var definition = row switch
        {
            "bandit off" => Definition(bandit: false),
            "impressions only" => Definition(goal: """{"type":"impressions_only"}"""),
            "warming up" => Definition(warmup: PerVariant + 1),
            "paused" => Definition(status: "paused"),
            "smart link" => Definition(type: "smart_link", bandit: false),
            _ => Definition(),
        };
        if (row != "unknown")
        {
            Write(definition);
        }

        if (row != "no events")
        {
            Count(successesOfA: 40, successesOfB: row == "equal" ? 40 : 120);
        }

        var before = row == "unknown" ? null : Current().Experiment;
        _optimizer.Start();

        Assert.Equal((RecomputeOutcome)outcome, (await RecomputeAsync()).Outcome);
        if (before is not null)
        {
            Assert.Same(before, Current().Experiment);
        }
    }

    [Fact]
    public async Task Timer_AfterEachInterval_RecomputesWhatHasNewTrials()
    {
        Write(Definition());
        _optimizer.Start();
        await Task.Yield();
        Count(successesOfA: 40, successesOfB: 120);

        await AdvanceUntilAsync(() => _optimizer.Published == 1);

        // Nothing new since: an hour of turns changes nothing.
        for (var i = 0; i < 360; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(RecomputeOutcome.Unchanged, (await RecomputeAsync()).Outcome);
        Assert.Equal(2, Current().Experiment.WeightsVersion);
    }

    [Fact]
    public async Task Watch_OfARunningTestWithoutBandit_IsKeptToo()
    {
        Write(Definition(bandit: false));
        Count(successesOfA: 40, successesOfB: 120);
        _optimizer.Start();
        await RecomputeAsync();

        Assert.Equal("b", _tally.Find("exp_abc123")!.Watch.Leader);
        Assert.Equal(DateOnly.FromDateTime(_clock.GetUtcNow().UtcDateTime), _tally.Find("exp_abc123")!.Watch.LastLook);
    }

    [Fact]
    public async Task Results_OfTheTally_SayWhatWasCounted()
    {
        Write(Definition());
        Count(successesOfA: 40, successesOfB: 120);
        _optimizer.Start();
        await RecomputeAsync();

        var input = _tally.Find("exp_abc123")!.ToResultsInput(_clock.GetUtcNow(), TimeSpan.FromDays(1));
        Assert.Equal(
            [new VariantCounts("a", PerVariant, 40), new VariantCounts("b", PerVariant, 120)],
            input.Counts.Select(static counts => counts with { Uniques = null })
        );
        Assert.Equal(
            [(PerVariant, 40), (PerVariant, 120)],
            input.Trials.Posterior(["a", "b"]).Select(arm => ((int)arm.Trials, (int)arm.Successes))
        );
    }

    [Fact]
    public async Task Recompute_WhileTheExperimentIsBeingEdited_LosesNoEdit()
    {
        Write(Definition());
        Count(successesOfA: 40, successesOfB: 120);
        _optimizer.Start();
        var names = 0;
        var editing = Task.Run(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                var current = Current().Experiment;
                if (_store.Write(current with { Name = $"name {names + 1}" }, current) == ExperimentWriteResult.Written)
                {
                    names++;
                }
            }
        });
        await AdvanceUntilAsync(() => _optimizer.Published > 0);
        await editing;

        Assert.Equal($"name {names}", Current().Experiment.Name);
        Assert.Equal(2, Current().Experiment.WeightsVersion);
    }

    [Fact]
    public async Task Timer_AfterAFailedPublication_PublishesWithoutNewTrials()
    {
        Write(Definition());
        Count(successesOfA: 40, successesOfB: 120);
        var (directory, elsewhere) = (_directory["experiments"], _directory["elsewhere"]);
        Directory.Move(directory, elsewhere);
        _optimizer.Start();
        Assert.Equal(RecomputeOutcome.Failed, (await RecomputeAsync()).Outcome);

        Directory.Move(elsewhere, directory);
        await AdvanceUntilAsync(() => _optimizer.Published > 0);

        Assert.Equal(2, Current().Experiment.WeightsVersion);
    }

    [Fact]
    public void Publication_BackToWhatWasAsked_ForgetsTheDifference()
    {
        var moved = WeightPublication.Of(new CatalogEntry(Definitions.Experiment(Definition())), [2_000, 8_000]);
        var back = WeightPublication.Of(new CatalogEntry(moved), [5_000, 5_000]);

        Assert.Equal([5_000, 5_000], moved.Variants.Select(variant => variant.ConfiguredWeight ?? 0));
        Assert.Equal([null, null], back.Variants.Select(variant => variant.ConfiguredWeight));
        Assert.Equal(3, back.WeightsVersion);
    }

    private Task<Recomputation> RecomputeAsync() =>
        _optimizer.RecomputeAsync("exp_abc123", CancellationToken.None).WaitAsync(Wait.Limit);

    private CatalogEntry Current()
    {
        Assert.True(_store.Catalog.Current.TryFindByUid("exp_abc123", out var entry));
        return entry;
    }

    private void Write(string definition) =>
        Assert.Equal(ExperimentWriteResult.Written, _store.Write(Definitions.Experiment(definition), null));

    /// <summary>As many exposures of each variant an hour ago, and so many clicks a minute later.</summary>
    private void Count(int successesOfA, int successesOfB)
    {
        _batch = new RecordBatch();
        _batch.Clear(default);
        var unit = 1UL;
        foreach (var (variant, successes) in new[] { ("a", successesOfA), ("b", successesOfB) })
        {
            for (var i = 0; i < PerVariant; i++, unit++)
            {
                Add(VisitEvent.Impression(unit, 0, variant));
                if (i < successes)
                {
                    Add(VisitEvent.Click(unit, 1, variant));
                }
            }
        }
        Assert.True(_tally.DeliverAsync(_batch, CancellationToken.None).IsCompletedSuccessfully);
    }

    private void Add(VisitEvent e)
    {
        var sequence = _batch!.Count + 1;
        _batch.Add(
            new Edge.Events.EventId((ulong)e.At.ToUnixTimeMilliseconds() << 16, 0),
            sequence,
            e.Encode(),
            new JournalCursor(sequence * 512, sequence)
        );
    }

    private async Task AdvanceUntilAsync(Func<bool> reached)
    {
        using var tooLate = new CancellationTokenSource(Wait.Limit);
        while (!reached())
        {
            Assert.False(tooLate.IsCancellationRequested, "not reached");
            _clock.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }
    }

    private static string Definition(
        string type = "ab_test",
        string status = "running",
        bool bandit = true,
        int warmup = 50,
        string goal = """{"type":"click_through","destinationUrl":"https://example.com/"}"""
    ) =>
        $$"""
            {"uid":"exp_abc123","slug":"slug","type":"{{type}}","name":"x","status":"{{status}}",
             "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],
             "banditConfig":{"enabled":{{(
                bandit ? "true" : "false"
            )}},"algorithm":"thompson_sampling","warmupImpressions":{{warmup}},"recomputeIntervalMinutes":15},
             "goalConfig":{{goal}},"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z"}
            """;
}
