using System.Globalization;
using Edge.Events;
using Edge.Journal;
using Edge.Journal.Records;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.Pump;

/// <summary>
/// The batch a pump is delivering: events of the journal, without the events and members its sink does not get, and the
/// parts of it that are still to be delivered. Normally there is one part, the whole; a refused batch is halved until
/// the event at fault is alone. The pump's thread only.
/// </summary>
internal sealed class InFlightBatch(EventFilter? filter, EventFields? fields)
{
    private readonly RecordBatch _shaped = new();
    private readonly RecordBatch _part = new();
    private readonly Stack<(int First, int Count)> _parts = new();
    private long _missing;
    private bool _isShaped;

    /// <summary>The events as the journal holds them; filled by a reader before <see cref="Shape"/>.</summary>
    public RecordBatch Read { get; } = new();

    /// <summary>Whether nothing is left to deliver.</summary>
    public bool IsEmpty => _parts.Count == 0;

    /// <summary>Whether the part is the whole batch: nothing of it is done yet, and it was not refused.</summary>
    public bool IsWhole => _parts.Count == 1 && _parts.Peek().Count == ToDeliver.Count;

    /// <summary>Whether the part is one event.</summary>
    public bool IsSingle => _parts.Peek().Count == 1;

    /// <summary>What to deliver next. The same until <see cref="Complete"/> or <see cref="Split"/>.</summary>
    public RecordBatch Part { get; private set; } = new();

    /// <summary>
    /// Filters and rewrites what was read. Leaves one part, the whole; or, when this is the rest of a batch that was
    /// begun before a restart, the parts of that batch that are left.
    /// </summary>
    /// <param name="eventsOfWhole">How many events that batch had for the sink; 0 for a new batch.</param>
    public void Shape(int eventsOfWhole = 0)
    {
        _parts.Clear();
        _missing = Read.Missing;
        var passing = fields is null ? CountPassing() : 0;
        _isShaped = passing < Read.Count;
        if (_isShaped)
        {
            FilterAndRewrite(passing);
        }

        if (ToDeliver.Count == 0)
        {
            return;
        }

        var whole = Math.Max(eventsOfWhole, ToDeliver.Count);
        PushRest(0, whole, done: whole - ToDeliver.Count);
        if (IsWhole)
        {
            Part = ToDeliver;
        }
        else
        {
            LoadPart();
        }
    }

    /// <summary>Drops what is left to deliver.</summary>
    public void Clear() => _parts.Clear();

    /// <summary>Halves the part, which is not single.</summary>
    public void Split()
    {
        var (first, count) = _parts.Pop();
        var half = count / 2;
        _parts.Push((first + half, count - half));
        _parts.Push((first, half));
        LoadPart();
    }

    /// <summary>Completes the part and moves to the next one. Returns the sink's progress after it.</summary>
    /// <param name="progress">The sink's progress before it.</param>
    /// <param name="isDeadLettered">Set aside, not taken by the sink.</param>
    public SinkProgress Complete(SinkProgress progress, bool isDeadLettered = false)
    {
        var after = After(progress, isDeadLettered);
        _missing -= after.Skipped - progress.Skipped - (after.Filtered - progress.Filtered);
        _parts.Pop();
        if (_parts.Count > 0)
        {
            LoadPart();
        }

        return after;
    }

    /// <summary>The sink's progress once the part is completed.</summary>
    public SinkProgress After(SinkProgress progress, bool isDeadLettered = false) =>
        Advance(progress, Part.End, isDeadLettered ? 0 : Part.Count, isDeadLettered ? Part.Count : 0);

    /// <summary>The sink's progress past a batch that has no event for it.</summary>
    public SinkProgress AfterNothing(SinkProgress progress) => Advance(progress, Read.End, 0, 0);

    /// <summary>The event of the part, which is single, as the journal holds it.</summary>
    public (EventId Id, ReadOnlyMemory<byte> Json) Original()
    {
        var sequence = Part[0].Sequence;
        for (var index = 0; index < Read.Count; index++)
        {
            if (Read[index].Sequence == sequence)
            {
                return (Read[index].Id, Read.Payload(index));
            }
        }

        throw new InvalidOperationException($"record {sequence} is not in the batch it came from");
    }

    /// <summary>How many events of the part, which is of what was read, are tests'.</summary>
    public int CountSynthetic()
    {
        if (!Read.MayHaveTests || filter is { ExcludesTests: true })
        {
            return 0;
        }

        // Of the event as the journal has it: the sink's may have lost the member.
        var (count, at) = (0, 0);
        for (var index = 0; index < Part.Count; index++, at++)
        {
            while (Read[at].Sequence != Part[index].Sequence)
            {
                at++;
            }

            count += EventSchema.IsSynthetic(Read.Payload(at).Span) ? 1 : 0;
        }

        return count;
    }

    private RecordBatch ToDeliver => _isShaped ? _shaped : Read;

    /// <summary>Events at the beginning that all pass: mostly all there are, and then nothing has to be copied.</summary>
    private int CountPassing()
    {
        if (filter is null)
        {
            return Read.Count;
        }

        var index = 0;
        for (; index < Read.Count && filter.Passes(Read.Payload(index).Span); index++)
        {
            CooperativeYield.AfterEvent(index);
        }

        return index;
    }

    /// <param name="passing">Events at the beginning that are known to pass.</param>
    private void FilterAndRewrite(int passing)
    {
        _shaped.Clear(Read.Start);
        for (var index = 0; index < Read.Count; index++)
        {
            CooperativeYield.AfterEvent(index);
            var json = Read.Payload(index).Span;
            if (index >= passing && filter is not null && !filter.Passes(json))
            {
                continue;
            }

            if (fields is null)
            {
                _shaped.Write(json);
            }
            else
            {
                fields.Write(json, _shaped);
            }

            _shaped.Complete(Read[index].Id, Read[index].Sequence, Read.After(index));
        }

        // Events filtered out at the end belong to the last part.
        _shaped.Skip(0, Read.End);
    }

    /// <summary>
    /// Pushes what is left of a part when that many events of the whole batch are done: nothing, all of it, or what is
    /// left of its halves, because then it was halved before the restart.
    /// </summary>
    private void PushRest(int first, int count, int done)
    {
        if (first + count <= done)
        {
            return;
        }

        if (first >= done)
        {
            _parts.Push((first - done, count));
            return;
        }

        var half = count / 2;
        PushRest(first + half, count - half, done);
        PushRest(first, half, done);
    }

    private void LoadPart()
    {
        var (first, count) = _parts.Peek();
        _part.CopyFrom(ToDeliver, first, count);
        Part = _part;
    }

    /// <summary>
    /// Events between two cursors that were neither forwarded nor set aside are missing in the journal or were filtered
    /// out; both count as skipped.
    /// </summary>
    private SinkProgress Advance(SinkProgress progress, JournalCursor end, int forwarded, int deadLettered)
    {
        var others = end.Sequence - progress.Cursor.Sequence - forwarded - deadLettered;
        var filtered = others - Math.Min(others, _missing);
        return progress with
        {
            Cursor = end,
            Forwarded = progress.Forwarded + forwarded,
            DeadLettered = progress.DeadLettered + deadLettered,
            Skipped = progress.Skipped + others,
            Filtered = progress.Filtered + filtered,
        };
    }
}

/// <summary>
/// The identity of a batch: the journal's epoch, the first sequence and the last. The same for every retry, also after
/// a kill, because the pump then forms the same batch (<see cref="SinkIntent"/>); never the same for another journal.
/// </summary>
internal static partial class BatchId
{
    public static string Of(UInt128 journalEpochId, RecordBatch batch)
    {
        var id = string.Create(
            CultureInfo.InvariantCulture,
            $"{journalEpochId:x32}-{batch.Start.Sequence + 1}-{batch.End.Sequence}"
        );
        InjectId(ref id);
        return id;
    }

    static partial void InjectId(ref string id);
}
