using System.Text;
using System.Text.Json;
using Edge.Catalog;
using Edge.Journal.Records;
using Edge.Statistics;
using Edge.Statistics.Counting;
using Edge.Tests.Experiments;

namespace Edge.Tests.Statistics;

/// <summary>
/// The rules of the tally without journal and files, and a clock that follows the events unless it is set.
/// </summary>
internal sealed class Fold
{
    private readonly TallyLimits _limits;

    public Fold(TallyLimits? limits = null, params string[] definitions)
    {
        _limits = limits ?? TallyLimits.Default;
        Serve(definitions.Length == 0 ? [Bandit()] : definitions);
        Counts = new TallyCounts(_limits, Catalog);
    }

    public CatalogHolder Catalog { get; } = new();

    public TallyCounts Counts { get; private set; }

    public DateTimeOffset? Clock { get; set; }

    /// <summary>The minimal A/B test with a bandit and a window of 20 minutes.</summary>
    public static string Bandit(
        int window = 20,
        int recomputeMinutes = 10,
        string status = "running",
        int weightA = 5_000,
        int version = 1,
        string goal = """{"type":"click_through","destinationUrl":"https://example.com/landing"}""",
        string more = ""
    ) =>
        $$"""
            {"uid":"exp_abc123","slug":"slug","type":"ab_test","name":"x","status":"{{status}}","weightsVersion":{{version}},
             "variants":[{"id":"a","weight":{{weightA}}},{"id":"b","weight":{{10_000 - weightA}} }],
             "banditConfig":{"enabled":true,"algorithm":"thompson_sampling","warmupImpressions":0,"recomputeIntervalMinutes":{{recomputeMinutes}} },
             "attributionWindowMinutes":{{window}},{{more}}
             "goalConfig":{{goal}} }
            """;

    public void Serve(params string[] definitions)
    {
        var entries = definitions.Select(definition => new CatalogEntry(Definitions.Experiment(definition))).ToArray();
        Catalog.Swap(new ExperimentCatalog(entries, Catalog.Current.Version + 1));
    }

    public Fold Count(params IEnumerable<VisitEvent> events)
    {
        foreach (var e in events)
        {
            var clockMs = (Clock ?? e.At).ToUnixTimeMilliseconds();
            Counts.Count(e.Encode(), clockMs, clockMs);
            Counts.Mature(clockMs, isUpToDate: false);
        }
        return this;
    }

    /// <summary>Everything committed is counted, and the clock stands there.</summary>
    public Fold UpToDateAt(DateTimeOffset clock)
    {
        Counts.Mature(clock.ToUnixTimeMilliseconds(), isUpToDate: true);
        return this;
    }

    /// <summary>Through the bytes of a checkpoint and back, as a restart goes.</summary>
    /// <param name="without">A member of each experiment that the file of an earlier version has not.</param>
    /// <param name="variantsWithout">A member of each variant that such a file has not.</param>
    public void Restart(string without = "", string variantsWithout = "")
    {
        var file = JsonSerializer.SerializeToNode(
            Counts.ToState("00", new JournalCursor(1, 1)),
            StatisticsJson.Default.TallyState
        )!;
        foreach (var experiment in file["experiments"]!.AsArray())
        {
            experiment!.AsObject().Remove(without);
            foreach (var variant in experiment["variants"]!.AsArray())
            {
                variant!.AsObject().Remove(variantsWithout);
            }
        }
        var json = Encoding.UTF8.GetBytes(file.ToJsonString());
        var state = JsonSerializer.Deserialize(json, StatisticsJson.Default.TallyState)!;
        Counts = TallyCounts.FromState(state, _limits, Catalog);
    }

    public ExperimentTally Tally(string uid = "exp_abc123") => Counts.Find(uid)!.Copy();

    /// <summary>Matured trials and successes by variant, for example <c>a 2/1, b 1/0</c>.</summary>
    public string Trials(string uid = "exp_abc123")
    {
        var arms = Counts.Find(uid)?.Trials.ToState().Arms ?? [];
        return Text(arms.Select(arm => (arm.VariantId, arm.Trials, arm.Successes)));
    }

    public static string Text(IEnumerable<(string Id, long Trials, long Successes)> arms)
    {
        var text = new StringBuilder();
        foreach (var (id, trials, successes) in arms.OrderBy(arm => arm.Id, StringComparer.Ordinal))
        {
            text.Append(text.Length > 0 ? ", " : "")
                .Append(id)
                .Append(' ')
                .Append(trials)
                .Append('/')
                .Append(successes);
        }
        return text.ToString();
    }
}
