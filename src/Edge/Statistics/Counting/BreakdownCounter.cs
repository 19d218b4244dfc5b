using System.Text.Json;
using Edge.Statistics.Results;

namespace Edge.Statistics.Counting;

/// <summary>
/// Counts what an experiment counts once more, by each value of one property of the visitor. Senders choose some of
/// these values, so only the most frequent have a row of their own: with all rows taken, a new value takes the place of
/// the rarest, whose counts go to the row of the others. No count is lost, and a value that is seen often keeps its
/// row whatever else is sent. A trial belongs to the row of its exposure, which may have given way meanwhile: then it
/// belongs to the others. Guarded by the tally's lock; allocates only for a new value.
/// </summary>
internal sealed class BreakdownCounter(string name, SharedBudget rows)
{
    /// <summary>Id of the row of the others.</summary>
    public const ushort OthersId = 0;

    /// <summary>Values with a row of their own.</summary>
    public const int ValuesMax = 24;

    /// <summary>Longest value with a row of its own, bytes as they are in the event.</summary>
    private const int ValueBytesMax = 128;

    private readonly List<Row> _rows = [];
    private Row? _others;
    private ushort _lastId;

    /// <summary>Name of the property in results and checkpoint.</summary>
    public string Name { get; } = name;

    /// <summary>Counts one event; returns the id of the row, by which a trial finds it again.</summary>
    /// <param name="value">The value as it is in the event, escapes included; empty when it is unknown.</param>
    /// <param name="variant">Index of the variant.</param>
    /// <param name="kind">What is counted.</param>
    public ushort Count(ReadOnlySpan<byte> value, int variant, TalliedKind kind)
    {
        var row = RowOf(value);
        row.Count(variant, kind);
        return row.Id;
    }

    /// <summary>
    /// Takes back or gives back clicks of a value, whose row may have given way meanwhile: then they are among the others.
    /// </summary>
    /// <returns>The id of the row.</returns>
    public ushort ChangeClicks(ReadOnlySpan<byte> value, int variant, int change)
    {
        foreach (var row in _rows)
        {
            if (value.SequenceEqual(row.Value))
            {
                row.ChangeClicks(variant, change);
                return row.Id;
            }
        }
        Others().ChangeClicks(variant, change);
        return OthersId;
    }

    /// <summary>Counts a trial that has matured.</summary>
    /// <param name="id">What <see cref="Count"/> returned for its exposure; <see cref="OthersId"/> when nothing did.</param>
    /// <param name="variant">Index of the variant.</param>
    /// <param name="isSuccess">Whether it succeeded.</param>
    public void CountTrial(ushort id, int variant, bool isSuccess)
    {
        foreach (var row in _rows)
        {
            if (row.Id == id)
            {
                row.CountTrial(variant, isSuccess);
                return;
            }
        }
        Others().CountTrial(variant, isSuccess);
    }

    /// <summary>Adds what was counted elsewhere of one value and variant.</summary>
    /// <param name="value">The value as events have it, escapes included; empty when it is unknown, null for the others.</param>
    /// <param name="variant">Index of the variant.</param>
    /// <param name="events">Events.</param>
    /// <param name="trials">Matured trials.</param>
    /// <param name="successes">Those that succeeded.</param>
    public void Add(byte[]? value, int variant, in KindCounts events, long trials, long successes) =>
        (value is null ? Others() : RowOf(value)).Add(variant, events, trials, successes);

    /// <summary>Returns the rows to the budget that all experiments share.</summary>
    public void Clear()
    {
        rows.Release(_rows.Count);
        _rows.Clear();
        _others = null;
    }

    /// <summary>The counts, the most frequent value first.</summary>
    /// <param name="variantIds">The variants, by index.</param>
    public BreakdownDimension Copy(IReadOnlyList<string> variantIds) =>
        new(
            [
                .. _rows
                    .OrderByDescending(static row => row.Total)
                    .Select(row => new BreakdownValue(TextOf(row.Value), row.Copy(variantIds))),
            ],
            _others?.Copy(variantIds) ?? []
        );

    public BreakdownState ToState() =>
        new()
        {
            Name = Name,
            Rows =
            [
                .. _rows.Select(static row => new BreakdownRowState
                {
                    Value = row.Value,
                    Counts = row.PackCounts(),
                    Id = row.Id,
                    Trials = row.PackTrials(),
                }),
            ],
            Others = _others?.PackCounts(),
            OthersTrials = _others?.PackTrials(),
        };

    /// <summary>
    /// Continues from a checkpoint. Throws <see cref="InvalidDataException"/> or <see cref="JsonException"/> when it is
    /// damaged.
    /// </summary>
    public void Restore(BreakdownState state, int variants)
    {
        foreach (var row in state.Rows)
        {
            if (_rows.Count < ValuesMax && rows.TryTake())
            {
                // A file of a version that did not count trials has no ids.
                var id = row.Id == OthersId || _rows.Any(other => other.Id == row.Id) ? NextId() : row.Id;
                _rows.Add(Row.Unpack(id, row.Value, row.Counts, row.Trials, variants));
                _lastId = Math.Max(_lastId, id);
            }
            else
            {
                Others().Add(Row.Unpack(OthersId, row.Value, row.Counts, row.Trials, variants));
            }
        }
        if (state.Others is { } others)
        {
            Others().Add(Row.Unpack(OthersId, [], others, state.OthersTrials, variants));
        }
    }

    private Row Others() => _others ??= new Row(OthersId, []);

    /// <summary>
    /// An id that no row has. After 65,535 rows that gave way, ids begin again, and a trial that has waited for so long
    /// may find another row.
    /// </summary>
    private ushort NextId()
    {
        do
        {
            _lastId++;
        } while (_lastId == OthersId || _rows.Any(row => row.Id == _lastId));
        return _lastId;
    }

    private Row RowOf(ReadOnlySpan<byte> value)
    {
        foreach (var row in _rows)
        {
            if (value.SequenceEqual(row.Value))
            {
                return row;
            }
        }
        if (value.Length > ValueBytesMax)
        {
            return Others();
        }
        if (_rows.Count < ValuesMax && rows.TryTake())
        {
            _rows.Add(new Row(NextId(), value.ToArray()));
            return _rows[^1];
        }
        if (_rows.Count == 0)
        {
            return Others();
        }
        // The oldest of the rarest: a value that comes again soon has the next one to give way.
        var rarest = 0;
        for (var i = 1; i < _rows.Count; i++)
        {
            rarest = _rows[i].Total < _rows[rarest].Total ? i : rarest;
        }
        Others().Add(_rows[rarest]);
        _rows.RemoveAt(rarest);
        _rows.Add(new Row(NextId(), value.ToArray()));
        return _rows[^1];
    }

    /// <summary>The text of a value; null when it is unknown.</summary>
    private static string? TextOf(byte[] value)
    {
        if (value.Length == 0)
        {
            return null;
        }
        var reader = new Utf8JsonReader([(byte)'"', .. value, (byte)'"']);
        return reader.Read() ? reader.GetString() : null;
    }

    /// <summary>The counts of one value: four of each variant, and two of its trials.</summary>
    private sealed class Row(ushort id, byte[] value)
    {
        private const int Kinds = 4;
        private const int TrialKinds = 2;

        private long[] _counts = [];
        private long[] _trials = [];

        public ushort Id { get; } = id;

        public byte[] Value { get; } = value;

        public long Total { get; private set; }

        public void Count(int variant, TalliedKind kind)
        {
            if (kind != TalliedKind.Other)
            {
                Reserve(ref _counts, Kinds * (variant + 1));
                _counts[(Kinds * variant) + IndexOf(kind)]++;
                Total++;
            }
        }

        public void ChangeClicks(int variant, int change)
        {
            Reserve(ref _counts, Kinds * (variant + 1));
            ref var clicks = ref _counts[(Kinds * variant) + IndexOf(TalliedKind.Click)];
            var changed = Math.Max(0, clicks + change);
            Total += changed - clicks;
            clicks = changed;
        }

        public void CountTrial(int variant, bool isSuccess)
        {
            Reserve(ref _trials, TrialKinds * (variant + 1));
            _trials[TrialKinds * variant]++;
            _trials[(TrialKinds * variant) + 1] += isSuccess ? 1 : 0;
        }

        public void Add(int variant, in KindCounts events, long trials, long successes)
        {
            if (events.Total > 0)
            {
                Reserve(ref _counts, Kinds * (variant + 1));
                _counts[(Kinds * variant) + IndexOf(TalliedKind.Impression)] += events.Impressions;
                _counts[(Kinds * variant) + IndexOf(TalliedKind.Click)] += events.Clicks;
                _counts[(Kinds * variant) + IndexOf(TalliedKind.View)] += events.Views;
                _counts[(Kinds * variant) + IndexOf(TalliedKind.Conversion)] += events.Conversions;
                Total += events.Total;
            }
            if (trials > 0)
            {
                Reserve(ref _trials, TrialKinds * (variant + 1));
                _trials[TrialKinds * variant] += trials;
                _trials[(TrialKinds * variant) + 1] += successes;
            }
        }

        public void Add(Row other)
        {
            Add(ref _counts, other._counts);
            Add(ref _trials, other._trials);
            Total += other.Total;
        }

        public List<BreakdownCounts> Copy(IReadOnlyList<string> variantIds)
        {
            var copy = new List<BreakdownCounts>();
            for (var variant = 0; variant < variantIds.Count; variant++)
            {
                var counts = new BreakdownCounts(
                    variantIds[variant],
                    At(_counts, (Kinds * variant) + IndexOf(TalliedKind.Impression)),
                    At(_counts, (Kinds * variant) + IndexOf(TalliedKind.Click)),
                    At(_counts, (Kinds * variant) + IndexOf(TalliedKind.View)),
                    At(_counts, (Kinds * variant) + IndexOf(TalliedKind.Conversion)),
                    At(_trials, TrialKinds * variant),
                    At(_trials, (TrialKinds * variant) + 1)
                );
                if (!counts.IsEmpty)
                {
                    copy.Add(counts);
                }
            }
            return copy;
        }

        public byte[] PackCounts() => Pack(_counts);

        public byte[] PackTrials() => Pack(_trials);

        /// <param name="id">Its id.</param>
        /// <param name="value">The value.</param>
        /// <param name="counts">What <see cref="PackCounts"/> returned.</param>
        /// <param name="trials">What <see cref="PackTrials"/> returned; null when nothing did.</param>
        /// <param name="variants">Number of variants.</param>
        public static Row Unpack(ushort id, byte[] value, byte[] counts, byte[]? trials, int variants)
        {
            // Fails here, not when somebody asks for it.
            _ = TextOf(value);
            var row = new Row(id, value)
            {
                _counts = Unpack(counts, Kinds, variants),
                _trials = trials is null ? [] : Unpack(trials, TrialKinds, variants),
            };
            row.Total = row._counts.Sum();
            return row;
        }

        private static byte[] Pack(long[] counts) =>
            PackedNumbers.Write(
                2 * counts.Length,
                writer =>
                {
                    writer.Write7BitEncodedInt(counts.Length);
                    foreach (var count in counts)
                    {
                        writer.Write7BitEncodedInt64(count);
                    }
                }
            );

        private static long[] Unpack(byte[] packed, int kinds, int variants)
        {
            var from = new PackedReader(packed);
            var count = from.ReadCount(entryBytesMin: 1);
            if (count > kinds * variants || count % kinds != 0)
            {
                throw new InvalidDataException($"a breakdown has {count} counts of {variants} variants");
            }

            var counts = new long[count];
            for (var i = 0; i < count; i++)
            {
                counts[i] = from.Read();
            }

            from.End();
            return counts;
        }

        private static long At(long[] counts, int index) => index < counts.Length ? counts[index] : 0;

        private static void Add(ref long[] counts, long[] others)
        {
            Reserve(ref counts, others.Length);
            for (var i = 0; i < others.Length; i++)
            {
                counts[i] += others[i];
            }
        }

        private static void Reserve(ref long[] counts, int length)
        {
            if (counts.Length < length)
            {
                Array.Resize(ref counts, length);
            }
        }

        /// <summary>Place within the four counts of a variant; a persisted format.</summary>
        private static int IndexOf(TalliedKind kind) =>
            kind switch
            {
                TalliedKind.Impression => 0,
                TalliedKind.Click => 1,
                TalliedKind.View => 2,
                _ => 3,
            };
    }
}
