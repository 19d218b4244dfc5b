using Edge.Duplicates;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Journal;
using Edge.Requests.Bodies;
using Edge.Telemetry;
using Microsoft.Extensions.Primitives;
using EventId = Edge.Events.EventId;

namespace Edge.Endpoints.Ingestion;

/// <summary>What became of the events of one request.</summary>
internal struct Receipt
{
    /// <summary>Appended to the journal.</summary>
    public int Stored;

    /// <summary>Recognised as sent before, which is stored as well.</summary>
    public int Repeated;

    /// <summary>The journal did not take them.</summary>
    public int Failed;

    /// <summary>
    /// The commit that covers everything stored or repeated covers this position in the journal; 0 when there is
    /// nothing to wait for.
    /// </summary>
    public long Sequence;

    /// <summary>Position of the first of them; 0 when there is none.</summary>
    public long FirstSequence;

    /// <summary>
    /// Ids of those that were given to the journal, as many as the answer names; null when nobody asked.
    /// </summary>
    public List<EventId>? Ids;

    /// <summary>The verdict on the sender.</summary>
    public Judgement Judgement;

    /// <summary>Whether its parameter <c>u</c> was a merge tag that was not filled.</summary>
    public bool IsUnitIgnored;

    /// <summary>Whether it is a test's.</summary>
    public bool IsSynthetic;

    /// <summary>Why the last of those that failed did.</summary>
    public DropReason Failure;

    /// <summary>Counts one event that was given to the journal.</summary>
    public void Add(AppendResult result, long sequence)
    {
        if (result == AppendResult.Appended)
        {
            Add(EventFate.Stored, sequence);
            return;
        }

        Failure = EventJournal.ReasonOf(result);
        Add(EventFate.Failed, sequence);
    }

    /// <summary>Counts one event.</summary>
    public void Add(EventFate fate, long sequence)
    {
        switch (fate)
        {
            case EventFate.Stored:
                Stored++;
                break;
            case EventFate.Repeated:
                Repeated++;
                break;
            default:
                Failed++;
                break;
        }
        Sequence = Math.Max(Sequence, sequence);
        if (sequence > 0)
        {
            FirstSequence = FirstSequence == 0 ? sequence : Math.Min(FirstSequence, sequence);
        }
    }
}

/// <summary>What became of one event.</summary>
internal enum EventFate
{
    Stored,
    Repeated,
    Failed,
}

/// <summary>
/// The waits of an ingestion request: for the ids of the events before this start, for room in the journal, and for the
/// commit of its own events. None holds a thread that others need, all are bounded by the journal's wait.
/// </summary>
/// <param name="journal">Where events go.</param>
/// <param name="restore">The ids of the events before this start.</param>
/// <param name="forwarding">Says when events are at their sinks.</param>
/// <param name="outcomes">Says what became of a request.</param>
/// <param name="metrics">Where requests are counted.</param>
internal sealed class IngestGate(
    EventJournal journal,
    DuplicateRestore restore,
    ForwardingWait forwarding,
    OutcomeHeader outcomes,
    Metrics metrics
)
{
    /// <summary>
    /// Returns once repetitions of the events can be recognised: at once when none has an id. False when that takes
    /// longer than a request may wait, which is 503 in every API: the sender is to come again.
    /// </summary>
    public ValueTask<bool> IsReadyAsync(HttpContext context, IReadOnlyList<ReceivedEvent> events)
    {
        if (restore.IsDone)
        {
            return new(true);
        }

        foreach (var e in events)
        {
            if (!e.SenderId.IsEmpty)
            {
                return WaitAsync(context);
            }
        }

        return new(true);
    }

    /// <summary>
    /// Room in the journal for all events of a request, or null when there is none in time: then nothing was stored, and
    /// the answer says so.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="need">What the recorder says is needed.</param>
    /// <param name="bodyBytes">Length of the body: a long one is handled on a thread of its own, which then waits here
    /// itself, because the work that follows belongs on it.</param>
    public async ValueTask<JournalRoom?> ReserveAsync(HttpContext context, RoomNeed need, int bodyBytes)
    {
        var room = bodyBytes > LargeBodies.FromBytes ? journal.Reserve(need) : await journal.ReserveAsync(need);
        if (bodyBytes > LargeBodies.FromBytes)
        {
            ForwardingWait.Exclude(context);
        }

        if (room is null)
        {
            var reason =
                journal.Status.State == JournalState.Full ? DropReason.JournalFull : DropReason.JournalBusy;
            outcomes.Write(context, default, reason, isUnitIgnored: false);
        }

        return room;
    }

    /// <summary>
    /// Returns true once everything of the receipt is durable, or at once when the sender asked for less with
    /// <c>Edge-Ack: memory</c>; with <c>Edge-Ack: forwarded</c> once its sinks have it, or the time for that is over.
    /// The answer's header says what was reached. False when it is not known to be durable.
    /// </summary>
    public ValueTask<bool> ConfirmAsync(HttpContext context, in Receipt receipt)
    {
        if (receipt.Ids is { Count: > 0 } ids)
        {
            context.Response.Headers[AckHeader.ReceiptName] = string.Join(", ", ids);
        }

        if (receipt.Failed > 0)
        {
            outcomes.Write(context, receipt.Judgement, receipt.Failure, receipt.IsUnitIgnored);
            return new(false);
        }

        if (receipt.Stored + receipt.Repeated > 0)
        {
            outcomes.Write(context, receipt.Judgement, failure: null, receipt.IsUnitIgnored);
            if (receipt.IsSynthetic)
            {
                outcomes.Add(context, OutcomeHeader.Synthetic);
            }
        }

        var asked = AckHeader.Asked(context, out var sink);
        if (asked == AckLevel.Memory)
        {
            return Reached(context, AckHeader.Memory);
        }
        if (receipt.Sequence == 0)
        {
            return Reached(context, AckHeader.Disk);
        }
        // Not tied to the client: the events are appended, and a client that hangs up does not change that.
        var commit = journal.WaitForCommitAsync(receipt.Sequence, CancellationToken.None);
        return asked == AckLevel.Forwarded
            ? AfterForwardingAsync(context, commit, receipt.FirstSequence, receipt.Sequence, sink)
            : AfterAsync(context, commit);
    }

    private async ValueTask<bool> WaitAsync(HttpContext context)
    {
        if (await restore.WaitAsync())
        {
            return true;
        }

        outcomes.Write(context, default, DropReason.JournalBusy, isUnitIgnored: false);
        return false;
    }

    private async ValueTask<bool> AfterAsync(HttpContext context, ValueTask<bool> commit)
    {
        if (await commit)
        {
            return await Reached(context, AckHeader.Disk);
        }

        metrics.CountUnconfirmed();
        return false;
    }

    private async ValueTask<bool> AfterForwardingAsync(
        HttpContext context,
        ValueTask<bool> commit,
        long first,
        long last,
        string? sink
    )
    {
        if (!await AfterAsync(context, commit))
        {
            return false;
        }

        return !await forwarding.WaitAsync(context, first, last, sink) || await Reached(context, AckHeader.Forwarded);
    }

    private static ValueTask<bool> Reached(HttpContext context, StringValues level)
    {
        context.Response.Headers[AckHeader.Name] = level;
        return new(true);
    }
}
