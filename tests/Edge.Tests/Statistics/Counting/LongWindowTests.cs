using System.Text;
using System.Text.Json;
using Edge.Catalog;
using Edge.Statistics.Counting;
using Edge.Statistics.Results;
using Edge.Tests.Experiments;
using Edge.Tests.Support;
using Edge.Visits;
using Microsoft.AspNetCore.Http;
using Xunit;
using static Edge.Tests.Statistics.VisitEvent;

namespace Edge.Tests.Statistics.Counting;

/// <summary>
/// Attribution windows of more than a day: the hash of a unit changes at each midnight, its stable hash does not.
/// </summary>
public class LongWindowTests
{
    private const int Day = 24 * 60;
    private const int Days = 14;
    private const string Conversion = """{"type":"conversion"}""";
    private static readonly DateTimeOffset Later = Noon.AddDays(40);

    public static TheoryData<string, string, object> Rows() =>
        new()
        {
            { "nothing", "a 1/0", Of(Show(1, 0)) },
            { "a minute before midnight, and a minute after", "a 1/1", Of(Show(1, 719), Convert(1, 721)) },
            { "on the thirteenth day", "a 1/1", Of(Show(1, 0), Convert(1, 13 * Day)) },
            { "in the last moment", "a 1/1", Of(Show(1, 0), Convert(1, Days * Day)) },
            { "too late", "a 1/0", Of(Show(1, 0), Convert(1, (Days * Day) + 0.01)) },
            { "twice", "a 1/1", Of(Show(1, 0), Convert(1, Day), Convert(1, 2 * Day)) },
            { "by an event that names no experiment", "a 1/1", Of(Show(1, 0), Goal(9 * Day, units: [77, 1])) },
            { "seen every day", "a 1/1", Of(Show(1, 0), Show(1, Day), Show(1, 5 * Day), Convert(1, 6 * Day)) },
            {
                "seen again does not prolong the window",
                "a 1/0",
                Of(Show(1, 0), Show(1, 13 * Day), Convert(1, (Days * Day) + 1))
            },
            {
                "seen after the window",
                "a 2/1",
                Of(Show(1, 0), Show(1, (Days * Day) + 1), Convert(1, 20 * Day))
            },
            {
                "seen shortly before and after its end",
                "a 2/1",
                Of(Show(1, 0), Show(1, (Days * Day) - 60), Show(1, (Days * Day) + 60), Convert(1, (Days * Day) + 90))
            },
            { "another variant on another day", "a 1/1", Of(Show(1, 0), Show(1, 3 * Day, "b"), Convert(1, 4 * Day)) },
            { "nobody has named it", "", Of(Impression(1, 0), Convert(1, 1)) },
            {
                "nobody names it later",
                "a 1/0",
                Of(Show(1, 0), Impression(HashOf(1, 1), Day) with { Type = "conversion" })
            },
        };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Trials_OfAFortnight_AreJoinedByTheStableHash(string row, string expected, object events)
    {
        var fold = new Fold(null, Stable()).Count((VisitEvent[])events).UpToDateAt(Later);

        Assert.True(expected == fold.Trials(), $"{row}: {fold.Trials()}");
    }

    /// <summary>30 days of visitors of every kind of delay, with a restart every day.</summary>
    [Fact]
    public void Trials_OfAMonth_SurviveRestartsEveryDay()
    {
        const int Window = 30;
        var fold = new Fold(null, Stable(Window * Day));
        var events = new List<VisitEvent>();
        for (var unit = 1; unit <= 62; unit++)
        {
            // Unit n is seen on day n / 2 and converts n / 2 days later, so that those up to 60 are in time.
            var seen = unit / 2.0 * Day;
            events.Add(Show((ulong)unit, seen, unit % 2 == 0 ? "a" : "b"));
            events.Add(Convert((ulong)unit, seen + (unit / 2.0 * Day), unit % 2 == 0 ? "a" : "b"));
        }

        var day = 0;
        foreach (var e in events.OrderBy(e => e.At))
        {
            fold.Count(e);
            if ((e.At - Noon).TotalDays > day)
            {
                day++;
                fold.Restart();
            }
        }

        fold.UpToDateAt(Noon.AddDays(100));

        Assert.True(day > 50, $"{day} restarts");
        Assert.Equal("a 31/30, b 31/30", fold.Trials());
        Assert.Equal(0, fold.Tally().OpenTrials);
    }

    [Fact]
    public void Window_ThatIsChanged_HoldsForTrialsThatBeginAfterwards()
    {
        var fold = new Fold(null, Stable());
        fold.Count(Show(1, 0), Show(2, 0));
        fold.Serve(Stable(2 * Day));
        fold.Count(Show(3, 1), Show(4, 1), Convert(1, 10 * Day), Convert(3, 10 * Day), Convert(2, 15 * Day))
            .UpToDateAt(Later);

        Assert.Equal("a 4/1", fold.Trials());
    }

    [Fact]
    public void Values_OfAFortnight_AddUp()
    {
        var fold = new Fold(null, Stable(goal: """{"type":"value","event":"order","property":"total"}"""));
        fold.Count(Show(1, 0), Worth(Day, "10", 1));
        fold.Restart();
        fold.Count(Worth(13 * Day, "5", 1), Worth(15 * Day, "100", 1)).UpToDateAt(Later);

        Assert.Equal(15, Assert.Single(fold.Counts.Find("exp_abc123")!.Trials.ToState().Arms).Values!.Total);
    }

    [Fact]
    public void Units_OfLongWindows_LeaveAQuarterToTheOthers()
    {
        var other = Fold.Bandit().Replace("exp_abc123", "exp_short", StringComparison.Ordinal)
            .Replace("\"slug\":\"slug\"", "\"slug\":\"short\"", StringComparison.Ordinal);
        var fold = new Fold(TallyLimits.Default with { UnitsMax = 8 }, Stable(), other);
        for (var unit = 1UL; unit <= 8; unit++)
        {
            fold.Count(Show(unit, 0));
        }

        Assert.Equal((6, 2L), (fold.Counts.Status.OpenTrials, fold.Counts.Status.Unlearned));

        fold.Count(Impression(1, 1) with { Uid = "exp_short" }, Impression(2, 1) with { Uid = "exp_short" });

        Assert.Equal((8, 2L), (fold.Counts.Status.OpenTrials, fold.Counts.Status.Unlearned));
        // A day later the short ones are forgotten, the long ones are not.
        fold.Count(Show(0, 2 * Day)).UpToDateAt(Noon.AddDays(2));
        Assert.Equal((6, 6), (fold.Counts.Status.Units, fold.Counts.Status.OpenTrials));
    }

    [Fact]
    public void Exposures_WithoutATrial_AreInTheResults()
    {
        var fold = new Fold(TallyLimits.Default with { UnitsMax = 4 }, Stable());
        fold.Count(Impression(1, 0), Impression(1, 1), Impression(2, 1) with { Verdict = "bot" }, Convert(0, 2));
        for (var unit = 1UL; unit <= 5; unit++)
        {
            fold.Count(Show(unit, 3));
        }

        fold.Restart();
        fold.Count(Impression(3, 4));

        Assert.Equal(new TrialsMissed(Unnamed: 3, NoRoom: 2), fold.Tally().TrialsMissed);
        fold.Restart(without: "trialsMissed");
        Assert.Equal(default, fold.Tally().TrialsMissed);
    }

    [Theory]
    [InlineData(0, "Nobody with an id of yours has been counted yet.")]
    [InlineData(1, "1 visitor can still reach the goal, within 14 days of the first impression or view.")]
    [InlineData(3, "3 visitors can still reach the goal, each within 14 days of the first impression or view.")]
    public void Results_WhileNoWindowHasPassed_SayHowLongItIs(int visitors, string words)
    {
        var fold = new Fold(null, Stable());
        fold.Count(Impression(0, 0));
        for (var unit = 1; unit <= visitors; unit++)
        {
            fold.Count(Show((ulong)unit, 0));
        }

        fold.UpToDateAt(Noon.AddDays(13));
        var results = ExperimentResults.Compute(
            Definitions.Experiment(Stable()),
            fold.Tally().ToResultsInput(Noon.AddDays(13), TimeSpan.FromDays(13))
        );

        Assert.StartsWith(words, results.Recommendation, StringComparison.Ordinal);
        Assert.Null(results.Leader);
    }

    /// <summary>From a request to a trial: real hashes, a clock that goes through 30 days.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(29)]
    public async Task Visits_DaysApart_AreOneUnit(int days)
    {
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(directory.Path);
        var clock = new TestClock(new DateTimeOffset(2026, 5, 16, 23, 59, 0, TimeSpan.Zero));
        var site = new VisitSite(journal, clock);
        var fold = new Fold(null, Stable(30 * Day, more: "\"trafficShare\":5000,"));
        Assert.True(fold.Catalog.Current.TryFindByUid("exp_abc123", out var experiment));
        for (var reader = 0; reader < 40; reader++)
        {
            site.Record(Request($"?u=reader-{reader}"), experiment, VisitKind.Impression, out _);
        }

        site.Record(Request(""), experiment, VisitKind.Impression, out _);
        clock.Advance(TimeSpan.FromDays(days) + TimeSpan.FromMinutes(2));
        for (var reader = 0; reader < 40; reader += 2)
        {
            site.Record(Request($"?u=reader-{reader}"), experiment, VisitKind.Click, out _);
        }

        await journal.Journal.CommitAsync();
        var events = journal.ReadAll().Select(read => JsonDocument.Parse(read.Payload).RootElement).ToArray();
        var byReader = events.Where(e => e.Text("unit_hash_stable").Length > 0).ToLookup(e => e.Text("unit_hash_stable"));
        Assert.Equal(40, byReader.Count);
        Assert.Equal(20, byReader.Count(reader => reader.Count() == 2));
        Assert.All(byReader, reader => Assert.Equal(reader.Count(), reader.DistinctBy(e => e.Text("unit_hash")).Count()));
        // The visitor without an id is known for its day alone, and no event joins two days by a daily hash.
        Assert.Single(events, e => e.Text("unit_hash_stable").Length == 0);
        Assert.All(events, e => Assert.Equal("", e.Text("unit_hash_prev")));

        // A click stands for the conversion of the same unit.
        foreach (var read in journal.ReadAll())
        {
            var payload = Encoding.UTF8.GetBytes(
                read.Payload.Replace("\"type\":\"click\"", "\"type\":\"conversion\"", StringComparison.Ordinal)
            );
            fold.Counts.Count(payload, 0, clock.GetUtcNow().ToUnixTimeMilliseconds());
        }

        fold.UpToDateAt(clock.GetUtcNow().AddDays(31));
        var arms = fold.Counts.Find("exp_abc123")!.Trials.ToState().Arms;
        var participants = events.Where(e => e.Text("type") == "impression" && e.Text("variant").Length > 0)
            .Where(e => e.Text("unit_hash_stable").Length > 0)
            .Select(e => e.Text("unit_hash_stable"))
            .ToHashSet();
        Assert.InRange(participants.Count, 8, 32);
        Assert.Equal(participants.Count, arms.Sum(arm => arm.Trials));
        Assert.Equal(participants.Count(reader => byReader[reader].Count() == 2), arms.Sum(arm => arm.Successes));
    }

    [Fact]
    public async Task Visit_OfAnExperimentWithoutStableUnits_HasNoStableHash()
    {
        using var directory = new TempDirectory();
        await using var journal = TestJournal.Open(directory.Path);
        var site = new VisitSite(journal, TimeProvider.System);
        var entry = new CatalogEntry(Definitions.Experiment(Fold.Bandit()));

        site.Record(Request("?u=reader-1"), entry, VisitKind.Impression, out _);
        await journal.Journal.CommitAsync();

        Assert.DoesNotContain("unit_hash_stable", Assert.Single(journal.ReadAll()).Payload, StringComparison.Ordinal);
    }

    private static string Stable(int window = Days * Day, string goal = Conversion, string more = "") =>
        Fold.Bandit(window: window, goal: goal, more: "\"stableUnits\":true," + more);

    private static VisitEvent[] Of(params VisitEvent[] events) => events;

    /// <summary>The unit has another hash every day; unit 0 is nobody.</summary>
    private static VisitEvent Show(ulong unit, double minutes, string variant = "a") =>
        Impression(HashOf(unit, minutes / Day), minutes, variant) with
        {
            StableUnit = unit,
        };

    private static VisitEvent Convert(ulong unit, double minutes, string variant = "a") =>
        Show(unit, minutes, variant) with
        {
            Type = "conversion",
        };

    private static ulong HashOf(ulong unit, double day) => unit == 0 ? 0 : (unit * 1_000) + (ulong)day;

    private static DefaultHttpContext Request(string query)
    {
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = System.Net.IPAddress.Parse("203.0.113.7");
        context.Request.QueryString = new QueryString(query);
        context.Request.Headers.UserAgent =
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
        return context;
    }
}
