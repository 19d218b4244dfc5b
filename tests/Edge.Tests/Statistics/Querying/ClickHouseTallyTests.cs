using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.Http;
using Edge.Journal.Records;
using Edge.Statistics;
using Edge.Statistics.Counting;
using Edge.Statistics.Optimization;
using Edge.Statistics.Querying;
using Edge.Statistics.Results;
using Edge.Tests.Forwarding;
using Edge.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Edge.Tests.Statistics.Querying;

/// <summary>
/// The tally of ClickHouse against that of a journal: the same events come to the same counts and results. On a real
/// server of the oldest version.
/// </summary>
public sealed class ClickHouseTallyTests(CountingServer server) : IClassFixture<CountingServer>, IDisposable
{
    private readonly TempDirectory _directory = new();

    public static TheoryData<int, string, int, string> Streams() =>
        new()
        {
            { 1, "click_through", 20, "" },
            { 2, "click_through", 1_440, "" },
            { 3, "conversion", 240, "" },
            { 4, "conversion", 60, "\"trialStart\":\"click\"," },
            { 5, "event", 90, "" },
            { 6, "value", 180, "" },
            { 7, "value", 600, "\"trialStart\":\"click\"," },
            { 8, "impressions_only", 30, "" },
        };

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Counts_OfRandomEventsOfSeveralNodes_AreThoseOfAJournal(
        int seed,
        string goal,
        int window,
        string more
    )
    {
        var uid = $"exp_stream{seed}";
        string Definition(int version) =>
            Fold.Bandit(
                    window: window,
                    weightA: VisitStream.WeightOfA(version),
                    version: version,
                    goal: GoalOf(goal),
                    more: more
                )
                .Replace("exp_abc123", uid, StringComparison.Ordinal);

        var random = new Random(seed);
        var stream = new VisitStream(seed, uid, goal, window);
        var fold = new Fold(null, Definition(1));
        var clock = new TestClock(VisitStream.Start);
        using var tally = Open(fold.Catalog, clock);
        var (version, late) = (1, new List<(string Id, byte[] Json)>());
        for (var step = 1; step <= 12; step++)
        {
            var from = clock.GetUtcNow();
            clock.Advance(TimeSpan.FromHours(8));
            var now = clock.GetUtcNow();
            var events = stream.Draw(from, now, version);
            foreach (var (_, json) in events)
            {
                fold.Counts.Count(json, now.ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds());
            }
            fold.UpToDateAt(now);

            // A node whose events come a step later, and nodes that send some of theirs twice.
            var stored = events;
            if (random.Next(3) == 0 && step < 12)
            {
                stored = [.. events.Where(_ => random.Next(3) > 0)];
            }
            await StoreAsync([.. late, .. stored], random);
            late = [.. events.ExceptBy(stored.Select(e => e.Id), e => e.Id)];
            await tally.RoundAsync(CancellationToken.None);
            Assert.Null(tally.AgeOf(uid).Problem);
            if (late.Count == 0)
            {
                AssertSame(fold.Tally(uid), tally.Find(uid)!, step);
            }

            // A recomputation fixes the baselines, and new weights are served.
            if (random.Next(3) > 0)
            {
                fold.Counts.Find(uid)!.Trials.BeginEpoch();
                Look(tally, uid);
            }
            if (step % 3 == 0)
            {
                version++;
                fold.Serve(Definition(version));
            }
        }

        var counted = fold.Tally(uid);
        Assert.True(counted.Trials.Trials > 100, $"only {counted.Trials.Trials} trials");
        Assert.True(goal == "impressions_only" || counted.Trials.ToState().Arms.All(arm => arm.Successes > 10));
        var experiment = fold.Catalog.Current.Entries[0].Experiment;
        var end = clock.GetUtcNow();
        AssertSame(
            ResultsText(ExperimentTally.ResultsOf(experiment, counted, new CountsAge(end, null), end)),
            ResultsText(ExperimentTally.ResultsOf(experiment, tally, end)),
            "results"
        );

        // What is kept continues as if nothing had happened.
        tally.Keep();
        using var restarted = Open(fold.Catalog, clock);
        await restarted.RoundAsync(CancellationToken.None);
        AssertSame(counted, restarted.Find(uid)!, 13);
    }

    [Fact]
    public async Task Counts_WhileTheServerIsAway_StayWithTheirAgeAndMoveNothing()
    {
        await using var away = new CountingServer();
        await away.InitializeAsync();
        var fold = new Fold();
        var clock = new TestClock(VisitEvent.Noon);
        using var tally = Open(fold.Catalog, clock, away.Sink());
        Assert.Equal(new CountsAge(null, "ClickHouse has not been asked yet"), tally.AgeOf("exp_abc123"));
        await StoreAsync([("", VisitEvent.Impression(7, -1).Encode())], new Random(1), away.Sink());
        await tally.RoundAsync(CancellationToken.None);
        Assert.Equal(new CountsAge(VisitEvent.Noon, null), tally.AgeOf("exp_abc123"));
        Assert.True(tally.IsCurrent("exp_abc123"));

        await away.Server.KillAsync();
        clock.Advance(TimeSpan.FromMinutes(11));
        await tally.RoundAsync(CancellationToken.None);

        var age = tally.AgeOf("exp_abc123");
        Assert.Equal(VisitEvent.Noon, age.At);
        Assert.Contains("127.0.0.1", age.Problem, StringComparison.Ordinal);
        Assert.False(tally.IsCurrent("exp_abc123"));
        Assert.Equal(660, tally.OldestAgeSeconds);
        Assert.Equal(1, Assert.Single(tally.Find("exp_abc123")!.Variants).Impressions);

        await away.Server.StartAgainAsync();
        await tally.RoundAsync(CancellationToken.None);
        Assert.Equal(new CountsAge(clock.GetUtcNow(), null), tally.AgeOf("exp_abc123"));
    }

    [Fact]
    public async Task Recompute_OfCountsOfClickHouse_MovesTrafficWhileTheyAreCurrent()
    {
        const string Definition = """
            {"uid":"exp_moves","slug":"slug","type":"ab_test","name":"x","status":"running",
             "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],
             "banditConfig":{"enabled":true,"algorithm":"thompson_sampling","warmupImpressions":50,"recomputeIntervalMinutes":15},
             "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/"},
             "createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z"}
            """;
        var clock = new TestClock(VisitEvent.Noon.AddHours(1));
        using var store = ExperimentFileStore.Open(_directory["experiments"], ExperimentRules.Default, clock, _ => { });
        store.Write(Experiments.Definitions.Experiment(Definition), null);
        var events = new List<(string, byte[])>();
        for (var unit = 1UL; unit <= 400; unit++)
        {
            var variant = unit % 2 == 0 ? "a" : "b";
            events.Add(("", (VisitEvent.Impression(unit, 0, variant) with { Uid = "exp_moves" }).Encode()));
            if ((int)(unit % 10) < (variant == "a" ? 1 : 6))
            {
                events.Add(("", (VisitEvent.Click(unit, 1, variant) with { Uid = "exp_moves" }).Encode()));
            }
        }
        await StoreAsync(events, new Random(1));
        using var tally = Open(store.Catalog, clock);
        using var optimizer = new Optimizer(
            store,
            tally,
            RecomputationFiles.Open(_directory["recomputations"], NullLogger.Instance),
            static (experiment, now) => now - experiment.CreatedAt,
            static () => true,
            clock,
            NullLogger.Instance
        );
        optimizer.Start();

        var before = await optimizer.RecomputeAsync("exp_moves", CancellationToken.None);
        await tally.RoundAsync(CancellationToken.None);
        var moved = await optimizer.RecomputeAsync("exp_moves", CancellationToken.None);
        clock.Advance(TimeSpan.FromMinutes(11));
        var late = await optimizer.RecomputeAsync("exp_moves", CancellationToken.None);
        await optimizer.StopAsync();

        Assert.Equal(RecomputeOutcome.Stale, before.Outcome);
        Assert.Equal(2, moved.WeightsVersion);
        Assert.True(store.Catalog.Current.Entries[0].Experiment.Variants[1].Weight > 9_000);
        Assert.Equal(RecomputeOutcome.Stale, late.Outcome);
    }

    /// <summary>
    /// The server's own function, ours and the recipe of the guide, of the same raw events: within their errors, and
    /// register by register.
    /// </summary>
    [Fact]
    public async Task Uniques_OfManyUnits_AreThoseOfTheFunctionOfTheServer()
    {
        const int Units = 20_000;
        var fold = new Fold(null, Fold.Bandit().Replace("exp_abc123", "exp_many", StringComparison.Ordinal));
        var random = new Random(4);
        var events = new List<(string, byte[])>();
        for (var i = 0; i < Units; i++)
        {
            var visit = VisitEvent.Impression((ulong)random.NextInt64(long.MinValue, long.MaxValue), -60.0 * i / Units) with { Uid = "exp_many" };
            events.Add(("", visit.Encode()));
            if (i % 4 == 0)
            {
                events.Add(("", (visit with { Type = "click", At = VisitEvent.Noon }).Encode()));
            }
        }
        var nowMs = VisitEvent.Noon.ToUnixTimeMilliseconds();
        foreach (var (_, json) in events)
        {
            fold.Counts.Count(json, nowMs, nowMs);
        }
        await StoreAsync(events, random);
        using var tally = Open(fold.Catalog, new TestClock(VisitEvent.Noon));

        await tally.RoundAsync(CancellationToken.None);

        Assert.Null(tally.AgeOf("exp_many").Problem);
        var theirs = tally.Find("exp_many")!;
        var ours = fold.Tally("exp_many");
        Assert.Equal(0.003, theirs.Uniques[0].Error);
        Assert.InRange(theirs.Uniques[0].Count!.Value, Units * 0.99, Units * 1.01);
        Assert.InRange(ours.Uniques[0].Count!.Value, Units * 0.93, Units * 1.07);
        Assert.Equal(ours.Hourly.Select(point => point.Time), theirs.Hourly.Select(point => point.Time));
        Assert.InRange(theirs.Daily[0].Variants[0].Uniques!.Value, Units * 0.99, Units * 1.01);
        Assert.Null(Assert.Single(tally.SketchesOf("exp_many")).Total);
        Assert.Equal(
            Units,
            await server.Server.CountAsync("SELECT uniqExact(unit_hash) FROM edge_events WHERE experiment_uid = 'exp_many'")
        );

        var guide = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "statistics.md"));
        var start = guide.IndexOf("```sql\n", guide.IndexOf("recipe: unique-registers", StringComparison.Ordinal), StringComparison.Ordinal) + 7;
        var recipe = guide[start..guide.IndexOf("```", start, StringComparison.Ordinal)];
        var registers = new byte[UniqueSketch.Registers];
        foreach (var line in await server.Server.LinesAsync(recipe.Replace("exp_demo_ab0001", "exp_many", StringComparison.Ordinal)))
        {
            var fields = line.Split('\t');
            registers[int.Parse(fields[1], CultureInfo.InvariantCulture)] = byte.Parse(fields[2], CultureInfo.InvariantCulture);
        }
        Assert.Equal(fold.Counts.Find("exp_many")!.Sketches[0].Total, registers);
    }

    [Theory]
    [InlineData("stableUnits", "\"stableUnits\":true,")]
    [InlineData("person was left out", "")]
    public async Task Counts_ThatNoQueryCanTell_AreRefusedInWords(string reason, string more)
    {
        var uid = $"exp_refused{more.Length}";
        var fold = new Fold(null, Fold.Bandit(more: more).Replace("exp_abc123", uid, StringComparison.Ordinal));
        using var tally = Open(fold.Catalog, new TestClock(VisitEvent.Noon));
        var nobody = VisitEvent.Impression(0, -1) with { Uid = uid, UnitIgnored = "aggregate" };
        await StoreAsync([("", nobody.Encode())], new Random(1));

        await tally.RoundAsync(CancellationToken.None);

        Assert.Null(tally.AgeOf(uid).At);
        Assert.Contains(reason, tally.AgeOf(uid).Problem, StringComparison.Ordinal);
        Assert.Null(tally.Find(uid));
    }

    [Fact]
    public async Task Init_OfATableThatHasEvents_TakesThemInOnceAndForAll()
    {
        var before = server.Sink() with { Table = "before", CountsExperiments = false };
        Assert.Null((await ClickHouseSetup.RunAsync(before, applies: true, TimeProvider.System)).Problem);
        await StoreAsync([("", VisitEvent.Impression(7, -1).Encode()), ("", VisitEvent.Goal(0, "exp_abc123", 7).Encode())], new Random(1), before);
        var counting = before with { CountsExperiments = true };

        var made = await ClickHouseSetup.RunAsync(counting, applies: true, TimeProvider.System);
        var again = await ClickHouseSetup.RunAsync(counting, applies: true, TimeProvider.System);

        Assert.Null(made.Problem);
        Assert.Empty(again.Statements);
        Assert.Equal("1\n5", await server.Server.QueryAsync("SELECT kind FROM before_tally FINAL ORDER BY kind"));
        await StoreAsync([("", VisitEvent.Click(7, 1).Encode())], new Random(1), counting);
        Assert.Equal(
            "exp_abc123\ta\t2026-05-16 11:00:00\t1\t0\nexp_abc123\ta\t2026-05-16 12:00:00\t0\t1",
            await server.Server.QueryAsync("SELECT * FROM before_tally_hours ORDER BY hour")
        );
    }

    [Theory]
    [InlineData("click_through", "")]
    [InlineData("conversion", "\"trialStart\":\"click\",")]
    public async Task Counts_OfClicksThatAreCorrected_AreThoseOfAJournal(string goal, string more)
    {
        var uid = $"exp_corrected{more.Length}";
        var definition = Fold.Bandit(goal: GoalOf(goal), more: more).Replace("exp_abc123", uid, StringComparison.Ordinal);
        var fold = new Fold(null, definition);
        var clock = new TestClock(VisitEvent.Noon.AddHours(3));
        using var tally = Open(fold.Catalog, clock);
        var stored = new List<(string Id, byte[] Json)>();
        for (var i = 1ul; i <= 40; i++)
        {
            // As spread as hashes are, for the sketches.
            var unit = unchecked(i * 0x9e37_79b9_7f4a_7c15);
            var click = VisitEvent.Click(unit, i / 10.0, i % 3 == 0 ? "b" : "a") with { Uid = uid };
            Add(click with { Type = "impression" });
            var id = Add(click);
            if (i % 2 == 0)
            {
                Add(Correction(click, id, "scanner") with { Before = "human" });
            }
            if (i % 4 == 0)
            {
                Add(Correction(click, id, "human") with { Before = "scanner" });
            }
            if (i % 3 > 0)
            {
                Add(click with { At = click.At.AddSeconds(i) });
            }
            if (i % 5 == 0)
            {
                Add(click with { Type = "conversion", At = click.At.AddMinutes(1) });
            }
        }

        fold.UpToDateAt(clock.GetUtcNow());
        await StoreAsync(stored, new Random(1));
        await tally.RoundAsync(CancellationToken.None);

        Assert.Null(tally.AgeOf(uid).Problem);
        AssertSame(fold.Tally(uid), tally.Find(uid)!, 1);

        VisitEvent Correction(VisitEvent click, string id, string verdict) =>
            click with { Type = "verdict", Corrects = IdOf(id), Verdict = verdict };

        string Add(VisitEvent e)
        {
            var json = e.Encode();
            fold.Counts.Count(json, e.At.ToUnixTimeMilliseconds(), clock.GetUtcNow().ToUnixTimeMilliseconds());
            var text = System.Text.Encoding.UTF8.GetString(json);
            stored.Add((text.Substring(text.IndexOf("\"id\":\"", StringComparison.Ordinal) + 6, 36), json));
            return stored[^1].Id;
        }

        static Edge.Events.EventId IdOf(string text)
        {
            Span<byte> bytes = stackalloc byte[Edge.Events.EventId.Bytes];
            Guid.Parse(text).TryWriteBytes(bytes, bigEndian: true, out _);
            return Edge.Events.EventId.ReadBytes(bytes);
        }
    }

    private static string ResultsText(ExperimentResults results) =>
        JsonSerializer.Serialize(results, StatisticsJson.Default.ExperimentResults);

    private static void Look(ClickHouseTally tally, string uid)
    {
        var state = 0;
        Assert.True(
            tally.Update(
                uid,
                ref state,
                static (ExperimentCounter counter, ref int _) =>
                {
                    counter.Trials.BeginEpoch();
                    return true;
                }
            )
        );
    }

    private static string GoalOf(string type) =>
        type switch
        {
            "event" => """{"type":"event","event":"purchase","destinationUrl":"https://example.com/"}""",
            "value" =>
                """{"type":"value","event":"purchase","property":"amount","destinationUrl":"https://example.com/"}""",
            _ => $$"""{"type":"{{type}}","destinationUrl":"https://example.com/"}""",
        };

    private static void AssertSame(ExperimentTally expected, ExperimentTally actual, int step) =>
        AssertSame(Text(expected), Text(actual), $"step {step}");

    /// <summary>Everything alike; sums of fractions, which depend on the order of adding, to nine digits.</summary>
    private static void AssertSame(string expected, string actual, string place)
    {
        var difference = Difference(JsonNode.Parse(expected), JsonNode.Parse(actual), place);
        Assert.True(difference is null, difference);
    }

    private static string Text(ExperimentTally tally) =>
        JsonSerializer.Serialize(
            new
            {
                tally.FirstEventAt,
                tally.LastEventAt,
                tally.Variants,
                Uniques = tally.Uniques.Select(uniques => $"{uniques.Count} {uniques.Error}"),
                tally.MachineImpressions,
                tally.MachineClicks,
                tally.UnfilledTags,
                tally.TrialsMissed,
                Trials = tally.Trials.ToState(),
                Ratio = tally.SampleRatio.ToState().OrderBy(row => row.VariantId, StringComparer.Ordinal),
                tally.OpenTrials,
                tally.Breakdown,
                tally.Hourly,
                tally.Daily,
            }
        );

    /// <summary>The first difference; null when there is none.</summary>
    private static string? Difference(JsonNode? expected, JsonNode? actual, string place)
    {
        switch (expected, actual)
        {
            case (JsonObject members, JsonObject others) when members.Count == others.Count:
                return members
                    .Select(member => Difference(member.Value, others[member.Key], $"{place}.{member.Key}"))
                    .FirstOrDefault(difference => difference is not null);
            case (JsonArray items, JsonArray others) when items.Count == others.Count:
                return items
                    .Select((item, i) => Difference(item, others[i], $"{place}[{i}]"))
                    .FirstOrDefault(difference => difference is not null);
            case (JsonValue one, JsonValue other) when AreNumbers(one, other):
                var (left, right) = (one.GetValue<double>(), other.GetValue<double>());
                var isNear = left == right || Math.Abs(left - right) <= 1e-9 * Math.Max(Math.Abs(left), Math.Abs(right));
                return isNear ? null : $"{place} is {right}, not {left}";
            default:
                var (first, second) = (expected?.ToJsonString(), actual?.ToJsonString());
                return first == second ? null : $"{place} is {second}, not {first}";
        }
    }

    private static bool AreNumbers(JsonValue one, JsonValue other) =>
        one.GetValueKind() == JsonValueKind.Number && other.GetValueKind() == JsonValueKind.Number;

    /// <summary>Through the sinks of three nodes, in any order, a tenth of them twice.</summary>
    private async Task StoreAsync(
        IReadOnlyList<(string Id, byte[] Json)> events,
        Random random,
        ClickHouseSinkOptions? options = null
    )
    {
        var sent = events.Concat(events.Where(_ => random.Next(10) == 0)).OrderBy(_ => random.Next()).ToArray();
        foreach (var part in sent.Chunk((sent.Length / 3) + 1))
        {
            using var sink = new ClickHouseSink(options ?? server.Sink(), TimeProvider.System);
            Assert.True((await sink.ResumeAsync(1, default)).IsDelivered);
            var batch = new RecordBatch();
            batch.Clear(default);
            for (var i = 0; i < part.Length; i++)
            {
                batch.Add(default, i + 1, part[i].Json, Batches.CursorAt(i + 1));
            }
            var result = await sink.DeliverAsync(batch, CancellationToken.None);
            Assert.True(result.IsDelivered, result.Reason);
        }
    }

    private ClickHouseTally Open(CatalogHolder catalog, TimeProvider clock, ClickHouseSinkOptions? sink = null) =>
        ClickHouseTally.Open(
            new ClickHouseTallyOptions
            {
                Directory = _directory["counts"],
                Sink = sink ?? server.Sink(),
                RefreshEvery = TimeSpan.FromSeconds(1),
                StaleAfter = TimeSpan.FromMinutes(10),
                LateUpTo = TimeSpan.FromHours(9),
                QuerySeconds = 60,
                QueryBytes = 1L << 30,
            },
            catalog,
            clock,
            NullLogger.Instance
        );
}

/// <summary>A server with what experiments are counted from.</summary>
public sealed class CountingServer : IAsyncLifetime
{
    internal ClickHouseServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await ClickHouseServer.StartAsync();
        var setup = await ClickHouseSetup.RunAsync(Sink(), applies: true, TimeProvider.System);
        Assert.Null(setup.Problem);
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }

    internal ClickHouseSinkOptions Sink() =>
        new()
        {
            SinkName = "warehouse",
            Url = new Uri($"http://127.0.0.1:{Server.Port}/"),
            Transport = new HttpTransportOptions { AllowsPrivate = true },
            Password = ClickHouseServer.Password,
            CountsExperiments = true,
        };
}
