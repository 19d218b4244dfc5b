using System.Text.Json;
using Edge.Statistics.Results;

namespace Edge.Statistics.Counting;

/// <summary>
/// Counts what an experiment counts once more, by each value of one property of the visitor. Senders choose some of
/// these values, so only the most frequent have a row of their own: with all rows taken, a new value takes the place of
/// the rarest, whose counts go to the row of the others. No count is lost, and a value that is seen often keeps its
/// row whatever else is sent. Guarded by the tally's lock; allocates only for a new value.
/// </summary>
internal sealed class BreakdownCounter(string name, SharedBudget rows)
{
    /// <summary>Values with a row of their own.</summary>
    public const int ValuesMax = 24;

    /// <summary>Longest value with a row of its own, bytes as they are in the event.</summary>
    private const int ValueBytesMax = 128;

    private readonly List<Row> _rows = [];
    private Row? _others;

    /// <summary>Name of the property in results and checkpoint.</summary>
    public string Name { get; } = name;

    /// <summary>Counts one event.</summary>
    /// <param name="value">The value as it is in the event, escapes included; empty when it is unknown.</param>
    /// <param name="variant">Index of the variant.</param>
    /// <param name="kind">What is counted.</param>
    public void Count(ReadOnlySpan<byte> value, int variant, TalliedKind kind) => RowOf(value).Count(variant, kind);

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
            Rows = [.. _rows.Select(static row => new BreakdownRowState { Value = row.Value, Counts = row.Pack() })],
            Others = _others?.Pack(),
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
                _rows.Add(Row.Unpack(row.Value, row.Counts, variants));
            }
            else
            {
                (_others ??= new Row([])).Add(Row.Unpack(row.Value, row.Counts, variants));
            }
        }
        if (state.Others is { } others)
        {
            (_others ??= new Row([])).Add(Row.Unpack([], others, variants));
        }
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
            return _others ??= new Row([]);
        }
        if (_rows.Count < ValuesMax && rows.TryTake())
        {
            _rows.Add(new Row(value.ToArray()));
            return _rows[^1];
        }
        if (_rows.Count == 0)
        {
            return _others ??= new Row([]);
        }
        // The oldest of the rarest: a value that comes again soon has the next one to give way.
        var rarest = 0;
        for (var i = 1; i < _rows.Count; i++)
        {
            rarest = _rows[i].Total < _rows[rarest].Total ? i : rarest;
        }
        (_others ??= new Row([])).Add(_rows[rarest]);
        _rows.RemoveAt(rarest);
        _rows.Add(new Row(value.ToArray()));
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

    /// <summary>The counts of one value: four of each variant.</summary>
    private sealed class Row(byte[] value)
    {
        private const int Kinds = 4;

        private long[] _counts = [];

        public byte[] Value { get; } = value;

        public long Total { get; private set; }

        public void Count(int variant, TalliedKind kind)
        {
            if (kind != TalliedKind.Other)
            {
                Reserve(variant + 1);
                _counts[(Kinds * variant) + IndexOf(kind)]++;
                Total++;
            }
        }

        public void Add(Row other)
        {
            Reserve(other._counts.Length / Kinds);
            for (var i = 0; i < other._counts.Length; i++)
            {
                _counts[i] += other._counts[i];
            }
            Total += other.Total;
        }

        public List<VariantCounts> Copy(IReadOnlyList<string> variantIds)
        {
            var copy = new List<VariantCounts>();
            for (var i = 0; i < _counts.Length; i += Kinds)
            {
                var counts = new VariantCounts(
                    variantIds[i / Kinds],
                    _counts[i],
                    _counts[i + 1],
                    _counts[i + 2],
                    _counts[i + 3]
                );
                if (counts.Impressions + counts.Clicks + counts.Views + counts.Conversions > 0)
                {
                    copy.Add(counts);
                }
            }
            return copy;
        }

        public byte[] Pack() =>
            PackedNumbers.Write(
                2 * _counts.Length,
                writer =>
                {
                    writer.Write7BitEncodedInt(_counts.Length);
                    foreach (var count in _counts)
                    {
                        writer.Write7BitEncodedInt64(count);
                    }
                }
            );

        public static Row Unpack(byte[] value, byte[] packed, int variants)
        {
            // Fails here, not when somebody asks for it.
            _ = TextOf(value);
            var row = new Row(value);
            var from = new PackedReader(packed);
            var count = from.ReadCount(entryBytesMin: 1);
            if (count > Kinds * variants || count % Kinds != 0)
            {
                throw new InvalidDataException($"a breakdown has {count} counts of {variants} variants");
            }

            row._counts = new long[count];
            for (var i = 0; i < count; i++)
            {
                row._counts[i] = from.Read();
                row.Total += row._counts[i];
            }

            from.End();
            return row;
        }

        private void Reserve(int variants)
        {
            if (_counts.Length < Kinds * variants)
            {
                Array.Resize(ref _counts, Kinds * variants);
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
