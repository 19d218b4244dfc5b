using Edge.Journal;
using Edge.Telemetry;

namespace Edge.Endpoints.Tracking;

/// <summary>
/// The <c>ack=disk</c> mode of pixel and click: the answer is held until the commit that covers its event has returned,
/// and says in <c>Edge-Ack</c> how far the event had come. The answer itself never changes.
/// </summary>
internal static class Acknowledgement
{
    /// <summary>Waits, within the journal's deadline, for the event's commit.</summary>
    public static async Task AfterCommitAsync(
        HttpContext context,
        EventJournal journal,
        Outcome outcome,
        long sequence,
        Metrics metrics
    )
    {
        var reached = AckHeader.None;
        if (outcome == Outcome.Recorded)
        {
            // Not tied to the client: the event is appended, and a client that hangs up does not change that.
            var isCommitted = await journal.WaitForCommitAsync(sequence, CancellationToken.None);
            reached = isCommitted ? AckHeader.Disk : AckHeader.Memory;
            if (reached == AckHeader.Memory)
            {
                metrics.CountUnconfirmed();
            }
        }
        context.Response.Headers[AckHeader.Name] = reached;
    }
}
