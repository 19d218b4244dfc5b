using Edge.Journal;
using Edge.Journal.Records;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.Pump;

/// <summary>
/// What a pump has in hand: a batch of the journal, without the events and members its sink does not get, and the parts
/// of it that are still to be delivered. Normally that is one part, the whole; a batch that was refused is halved until
/// the event that is wrong is alone. The pump's thread only.
/// </summary>
internal sealed class BatchInHand(EventFilter? filter, EventFields? fields)
{
    private readonly RecordBatch _shaped = new();
    private readonly RecordBatch _part = new();
    private readonly Stack<(int First, int Count)> _parts = new();
    private long _missing;

    /// <summary>The events as the journal holds them; to be filled by a reader and then <see cref="Take"/>n.</summary>
    public RecordBatch Read { get; } = new();

    /// <summary>Nothing is left to deliver.</summary>
    public bool IsEmpty => _parts.Count == 0;

    /// <summary>The next part is the whole batch: nothing of it is done yet, and it was not refused.</summary>
    public bool IsWhole => _parts.Count == 1 && _parts.Peek().Count == Shaped.Count;

    /// <summary>The next part is one event.</summary>
    public bool IsSingle => _parts.Peek().Count == 1;

    /// <summary>What to deliver next. The same until <see cref="Complete"/> or <see cref="Split"/>.</summary>
    public RecordBatch Next { get; private set; } = new();

    private RecordBatch Shaped => filter is null && fields is null ? Read : _shaped;

    /// <summary>
    /// Shapes what was read, if there was anything; one part, the whole, or the parts that are left of a larger one.
    /// </summary>
    /// <param name="eventsOfWhole">Events of the batch that what was read is the end of; fewer than that were read when
    /// it was halved.</param>
    public void Take(int eventsOfWhole = 0)
    {
        _parts.Clear();
        _missing = Read.Missing;
        if (filter is not null || fields is not null)
        {
            Shape();
        }

        if (Shaped.Count == 0)
        {
            return;
        }

        var whole = Math.Max(eventsOfWhole, Shaped.Count);
        PushLeft(0, whole, done: whole - Shaped.Count);
        if (IsWhole)
        {
            Next = Shaped;
        }
        else
        {
            LoadNext();
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Drop() => _parts.Clear();

    /// <summary>Halves the next part, which is not single.</summary>
    public void Split()
    {
        var (first, count) = _parts.Pop();
        var half = count / 2;
        _parts.Push((first + half, count - half));
        _parts.Push((first, half));
        LoadNext();
    }

    /// <summary>The next part is done with, as its progress says.</summary>
    public void Complete(SinkProgress before, SinkProgress after)
    {
        _missing -= after.Skipped - before.Skipped - (after.Filtered - before.Filtered);
        _parts.Pop();
        if (_parts.Count > 0)
        {
            LoadNext();
        }
    }

    /// <summary>The progress of the sink once the next part is done with.</summary>
    /// <param name="progress">Before it.</param>
    /// <param name="isDeadLettered">Set aside, and not taken by the sink.</param>
    public SinkProgress After(SinkProgress progress, bool isDeadLettered = false) =>
        Passed(progress, Next.End, isDeadLettered ? 0 : Next.Count, isDeadLettered ? Next.Count : 0);

    /// <summary>The progress of the sink past a batch of which nothing is left for it.</summary>
    public SinkProgress AfterNothing(SinkProgress progress) => Passed(progress, Read.End, 0, 0);

    /// <summary>The event of the next part, which is single, as the journal holds it.</summary>
    public (EventId Id, ReadOnlyMemory<byte> Json) Original()
    {
        var sequence = Next[0].Sequence;
        for (var index = 0; index < Read.Count; index++)
        {
            if (Read[index].Sequence == sequence)
            {
                return (Read[index].Id, Read.Payload(index));
            }
        }

        throw new InvalidOperationException($"record {sequence} is not in the batch it came from");
    }

    private void Shape()
    {
        _shaped.Clear(Read.Start);
        for (var index = 0; index < Read.Count; index++)
        {
            CooperativeYield.AfterEvent(index);
            var json = Read.Payload(index).Span;
            if (filter is not null && !filter.Passes(json))
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

        // What was left out at the end belongs to the last part.
        _shaped.Skip(0, Read.End);
    }

    /// <summary>
    /// What is left of a part when so many events of the whole are done: nothing, all of it, or, as it was halved then,
    /// what is left of its halves.
    /// </summary>
    private void PushLeft(int first, int count, int done)
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
        PushLeft(first + half, count - half, done);
        PushLeft(first, half, done);
    }

    private void LoadNext()
    {
        var (first, count) = _parts.Peek();
        _part.CopyFrom(Shaped, first, count);
        Next = _part;
    }

    /// <summary>
    /// Whatever lies between two cursors and was not taken is missing in the journal or was left out.
    /// </summary>
    private SinkProgress Passed(SinkProgress progress, JournalCursor end, int forwarded, int deadLettered)
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
