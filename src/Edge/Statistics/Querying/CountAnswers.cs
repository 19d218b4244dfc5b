using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Experiments;
using Edge.Formats;
using Edge.Statistics.Counting;
using Edge.Statistics.Inference;
using Edge.Statistics.Results;

namespace Edge.Statistics.Querying;

/// <summary>When an epoch begins.</summary>
/// <param name="AtMs">Trials that begin from then on are compared with its baseline.</param>
/// <param name="Version">The weights version that begins it; null when a recomputation does.</param>
internal sealed record EpochCut(long AtMs, int? Version);

/// <summary>
/// The answers to <see cref="CountQueries"/> about one stretch, put together. Throws <see cref="InvalidDataException"/>
/// for an answer that the question cannot have. Not thread safe.
/// </summary>
internal sealed class CountAnswers(Experiment experiment)
{
    /// <summary>Longest value of a property, bytes: a text of an event has no more.</summary>
    private const int ValueBytesMax = 1 << 16;

    /// <summary>The last millisecond of the year 9999, since 1970 UTC.</summary>
    private const long LastMs = 253_402_300_799_999;

    /// <summary>
    /// Units up to which <c>uniqCombined</c> keeps a hash of each; beyond, it has 2^17 registers.
    /// </summary>
    private const int UnitsExactMax = 1 << 14;

    /// <summary>Relative standard error of that many registers.</summary>
    private const double UnitsError = 0.003;

    private readonly List<CountedEvents> _events = [];
    private readonly List<CountedUnits> _units = [];

    // By property, value and variant, and by property and variant.
    private readonly Dictionary<string, ValueRow> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ValueRow> _totals = new(StringComparer.Ordinal);
    private readonly bool[] _isCut = new bool[CountQueries.Dimensions];
    private StretchFacts? _facts;
    private List<CountedEpoch> _epochs = [];
    private int _open;

    /// <summary>Earlier before later; of one moment, a recomputation before a version.</summary>
    public static int InOrder(EpochCut one, EpochCut other) =>
        one.AtMs.CompareTo(other.AtMs) is not 0 and var order ? order : (one.Version ?? -1).CompareTo(other.Version ?? -1);

    /// <summary>Reads <see cref="CountQueries.Facts"/>; false when the stretch has no events.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="refusal">Why the experiment cannot be counted so, in words; null when it can.</param>
    public bool ReadFacts(string answer, out string? refusal)
    {
        refusal = null;
        var rows = new CountRows(answer);
        if (!rows.Next())
        {
            throw new InvalidDataException("the answer is not one to the question");
        }
        var count = rows.Number();
        var (first, last) = (rows.Number(LastMs), rows.Number(LastMs));
        var impressions = new MachineCounts(rows.Number(), rows.Number(), rows.Number());
        var clicks = new MachineCounts(rows.Number(), rows.Number(), rows.Number());
        var unfilled = rows.Number();
        var noChance = rows.Number();
        var (unnamed, unitless) = (rows.Number(), rows.Number());
        if (rows.Next())
        {
            throw new InvalidDataException("the answer has more rows than the question");
        }
        if (count == 0)
        {
            return false;
        }
        if (experiment.GoalConfig.Type is GoalType.ClickThrough or GoalType.ImpressionsOnly)
        {
            // Each click makes the oldest waiting exposure of its variant succeed: a queue, which no query is.
            refusal =
                unitless > 0
                    ? "it has events whose person was left out (tracking in aggregate), whose clicks only the tally of a node's own"
                        + " journal can assign"
                    : null;
            unnamed = 0;
        }
        _facts = new StretchFacts(
            first,
            last,
            impressions,
            clicks,
            unfilled,
            new TrialsMissed(unnamed, 0, experiment.Type == ExperimentType.AbTest ? noChance : 0)
        );
        return true;
    }

    /// <summary>Reads <see cref="CountQueries.Events"/>.</summary>
    public void ReadEvents(string answer)
    {
        var counts = new int[CountQueries.Dimensions];
        var rows = new CountRows(answer);
        while (rows.Next())
        {
            var dimension = (int)rows.Number(CountQueries.Dimensions - 1);
            var (value, variant) = (rows.Bytes(ValueBytesMax), rows.Bytes(ExperimentRules.VariantIdCharsMax));
            var hourMs = rows.Number(LastMs / CountSeries.Hour) * CountSeries.Hour;
            var kinds = new KindCounts(rows.Number(), rows.Number(), rows.Number(), rows.Number());
            var (last, first) = (rows.Number(LastMs), rows.Id());
            counts[dimension]++;
            if (dimension == 0)
            {
                _events.Add(new CountedEvents(variant, hourMs, kinds, last, first));
                AddTotal(variant, kinds, 0, 0);
            }
            else
            {
                RowOf(dimension, value, variant, first).Add(kinds, 0, 0);
            }
        }
        NoteCut(counts);
    }

    /// <summary>Reads <see cref="CountQueries.Units"/>.</summary>
    public void ReadUnits(string answer)
    {
        var rows = new CountRows(answer);
        while (rows.Next())
        {
            var variant = rows.Bytes(ExperimentRules.VariantIdCharsMax);
            var isDay = rows.Number(1) == 1;
            var periodMs = isDay ? CountSeries.Day : CountSeries.Hour;
            periodMs *= rows.Number(LastMs / periodMs);
            var count = rows.Number();
            _units.Add(new CountedUnits(variant, isDay, periodMs, count, count > UnitsExactMax ? UnitsError : 0));
        }
        if (_units.Count >= CountQueries.RowsMax)
        {
            throw new InvalidDataException($"there are more than {CountQueries.RowsMax} rows of one day");
        }
    }

    /// <summary>Reads <see cref="CountQueries.Versions"/>: when versions begin an epoch.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="before">The trials before the stretch.</param>
    public List<EpochCut> ReadVersions(string answer, TrialStatistics before)
    {
        var begun = new List<EpochCut>();
        var rows = new CountRows(answer);
        while (rows.Next())
        {
            var version = (int)rows.Number(int.MaxValue);
            var at = rows.Number(LastMs);
            var mature = rows.Number();
            _open = (int)Math.Min(int.MaxValue, _open + rows.Number());
            if (mature > 0)
            {
                begun.Add(new EpochCut(at, version));
            }
        }
        begun.Sort(InOrder);
        var (first, latest) = (before.FirstVersion, before.LatestVersion);
        var cuts = new List<EpochCut>();
        foreach (var cut in begun)
        {
            first ??= cut.Version;
            if (cut.Version != first && !(cut.Version <= latest))
            {
                cuts.Add(cut);
                latest = cut.Version;
            }
        }
        return cuts;
    }

    /// <summary>Reads <see cref="CountQueries.MatureTrials"/>.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="cuts">The cuts that were asked for, in order.</param>
    public void ReadTrials(string answer, IReadOnlyList<EpochCut> cuts)
    {
        var counts = new int[CountQueries.Dimensions];
        var epochs = new List<CountedTrials>[cuts.Count + 1];
        var rows = new CountRows(answer);
        while (rows.Next())
        {
            var dimension = (int)rows.Number(CountQueries.Dimensions - 1);
            var (value, variant) = (rows.Bytes(ValueBytesMax), rows.Bytes(ExperimentRules.VariantIdCharsMax));
            var (version, chance) = ((int)rows.Number(int.MaxValue), (int)rows.Number(BasisPoints.Whole));
            var epoch = (int)rows.Number(cuts.Count);
            var hourMs = rows.Number(LastMs / CountSeries.Hour) * CountSeries.Hour;
            var trials = rows.Number();
            var sums = new TrialSums(trials, rows.Number(trials), rows.Sum(), rows.Sum());
            var first = rows.Id();
            counts[dimension]++;
            if (dimension == 0)
            {
                (epochs[epoch] ??= []).Add(new CountedTrials(variant, version, chance, hourMs, sums, first));
                AddTotal(variant, default, sums.Count, sums.Successes);
            }
            else
            {
                RowOf(dimension, value, variant, first).Add(default, sums.Count, sums.Successes);
            }
        }
        NoteCut(counts);
        _epochs = [];
        for (var i = 0; i < epochs.Length; i++)
        {
            var cut = i > 0 ? cuts[i - 1] : null;
            var trials = epochs[i] ?? [];
            trials.Sort((one, other) => Order(one, other, cut?.Version));
            _epochs.Add(new CountedEpoch(cut is { Version: null }, trials));
        }
    }

    /// <summary>What was read.</summary>
    public CountedStretch ToStretch()
    {
        _events.Sort(static (one, other) => string.CompareOrdinal(one.First, other.First));
        return new CountedStretch
        {
            Facts = _facts,
            Events = _events,
            Epochs = _epochs,
            Values = Values(),
            OpenTrials = _open,
            Units = _units,
            AreValued = experiment.GoalConfig.Type == GoalType.Value,
        };
    }

    /// <summary>Those of the version that began the epoch before the others, which it has a baseline for.</summary>
    private static int Order(CountedTrials one, CountedTrials other, int? version) =>
        (one.WeightsVersion != version).CompareTo(other.WeightsVersion != version) is not 0 and var order
            ? order
            : string.CompareOrdinal(one.First, other.First);

    /// <summary>
    /// The values in the order in which they were seen first, and behind them what the answers left out: the rarest of very
    /// many.
    /// </summary>
    private List<CountedValue> Values()
    {
        var rows = new List<ValueRow>(_values.Values);
        rows.Sort(static (one, other) => string.CompareOrdinal(one.First, other.First));
        var values = rows.ConvertAll(static row => row.ToCounted());
        foreach (var row in rows)
        {
            if (_isCut[row.Dimension])
            {
                _totals[$"{row.Dimension}/{row.VariantHex}"].Subtract(row);
            }
        }
        foreach (var total in _totals.Values)
        {
            if (_isCut[total.Dimension])
            {
                values.Add(total.ToCounted());
            }
        }
        return values;
    }

    private void AddTotal(byte[] variant, KindCounts kinds, long trials, long successes)
    {
        var hex = Convert.ToHexString(variant);
        for (var dimension = 1; dimension < CountQueries.Dimensions; dimension++)
        {
            if (!_totals.TryGetValue($"{dimension}/{hex}", out var total))
            {
                _totals.Add($"{dimension}/{hex}", total = new ValueRow(dimension, null, variant, hex, ""));
            }
            total.Add(kinds, trials, successes);
        }
    }

    private ValueRow RowOf(int dimension, byte[] value, byte[] variant, string first)
    {
        var hex = Convert.ToHexString(variant);
        var key = $"{dimension}/{hex}/{Convert.ToHexString(value)}";
        if (!_values.TryGetValue(key, out var row))
        {
            row = new ValueRow(dimension, Escape(value), variant, hex, first);
            _values.Add(key, row);
            if (!_totals.ContainsKey($"{dimension}/{hex}"))
            {
                throw new InvalidDataException("a property has a variant that no event has");
            }
        }
        return row;
    }

    /// <summary>A value as the encoder of events writes it.</summary>
    private static byte[] Escape(byte[] value)
    {
        try
        {
            return JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes.ToArray();
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException("a property is not UTF-8", e);
        }
    }

    private void NoteCut(int[] counts)
    {
        if (counts[0] >= CountQueries.RowsMax)
        {
            throw new InvalidDataException($"there are more than {CountQueries.RowsMax} rows of one day");
        }
        for (var dimension = 1; dimension < counts.Length; dimension++)
        {
            _isCut[dimension] |= counts[dimension] >= CountQueries.RowsMax;
        }
    }

    /// <summary>Counts of one value and variant.</summary>
    private sealed class ValueRow(int dimension, byte[]? value, byte[] variant, string variantHex, string first)
    {
        private KindCounts _counts;
        private long _trials;
        private long _successes;

        public int Dimension => dimension;

        public string VariantHex => variantHex;

        /// <summary>Id of the first event that has it.</summary>
        public string First => first;

        public void Add(KindCounts counts, long trials, long successes)
        {
            _counts = new KindCounts(
                _counts.Impressions + counts.Impressions,
                _counts.Clicks + counts.Clicks,
                _counts.Views + counts.Views,
                _counts.Conversions + counts.Conversions
            );
            _trials += trials;
            _successes += successes;
        }

        /// <summary>Takes away; two answers that are not of one moment leave nothing negative.</summary>
        public void Subtract(ValueRow other)
        {
            _counts = new KindCounts(
                Math.Max(0, _counts.Impressions - other._counts.Impressions),
                Math.Max(0, _counts.Clicks - other._counts.Clicks),
                Math.Max(0, _counts.Views - other._counts.Views),
                Math.Max(0, _counts.Conversions - other._counts.Conversions)
            );
            _trials = Math.Max(0, _trials - other._trials);
            _successes = Math.Max(0, _successes - other._successes);
        }

        public CountedValue ToCounted() => new(dimension - 1, value, variant, _counts, _trials, _successes);
    }
}
