using Edge.Journal;
using Edge.Telemetry;
using Microsoft.Extensions.Primitives;

namespace Edge.Endpoints.Tracking;

/// <summary>
/// The <c>ack=disk</c> mode of pixel and click: the answer is held until the commit that covers its event has returned,
/// and says in <c>Edge-Ack</c> how far the event had come. The answer itself never changes.
/// </summary>
internal static class Acknowledgement
{
    private const string Header = "Edge-Ack";

    private static readonly StringValues Disk = "disk";
    private static readonly StringValues Memory = "memory";
    private static readonly StringValues None = "none";

    /// <summary>Waits, within the journal's deadline, for the event's commit.</summary>
    public static async Task AfterCommitAsync(
        HttpContext context,
        EventJournal journal,
        Outcome outcome,
        long sequence,
        Metrics metrics
    )
    {
        var reached = None;
        if (outcome == Outcome.Recorded)
        {
            // Not tied to the client: the event was appended, and somebody who hung up cannot take that back.
            reached = await journal.WaitForCommitAsync(sequence, CancellationToken.None) ? Disk : Memory;
            if (reached == Memory)
            {
                metrics.CountUnconfirmed();
            }
        }
        context.Response.Headers[Header] = reached;
    }
}
