using Edge.Duplicates;
using Edge.Enrichment.Verdicts;
using Edge.Events;
using Edge.Journal;
using Edge.Requests.Bodies;
using Edge.Telemetry;

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
internal sealed class IngestGate(
    EventJournal journal,
    DuplicateRestore restore,
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
    /// <c>Edge-Ack: memory</c>; the answer's header says what was reached. False when it is not known to be durable.
    /// </summary>
    public ValueTask<bool> ConfirmAsync(HttpContext context, in Receipt receipt)
    {
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

        var asked = context.Request.Headers[AckHeader.Name];
        if (asked.Count == 1 && string.Equals(asked[0], AckHeader.Memory[0], StringComparison.OrdinalIgnoreCase))
        {
            context.Response.Headers[AckHeader.Name] = AckHeader.Memory;
            return new(true);
        }
        if (receipt.Sequence == 0)
        {
            return Reached(context);
        }
        // Not tied to the client: the events are appended, and a client that hangs up does not change that.
        var commit = journal.WaitForCommitAsync(receipt.Sequence, CancellationToken.None);
        return AfterAsync(context, commit);
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
            return await Reached(context);
        }

        metrics.CountUnconfirmed();
        return false;
    }

    private static ValueTask<bool> Reached(HttpContext context)
    {
        context.Response.Headers[AckHeader.Name] = AckHeader.Disk;
        return new(true);
    }
}
