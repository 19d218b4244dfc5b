using System.Globalization;
using Edge.Journal.Records;

namespace Edge.Forwarding.Pump;

/// <summary>
/// The identity of a batch: the journal's epoch and which records it goes over. The same after every resend, also after
/// a kill, because the pump brings back the same batch (<see cref="SinkIntent"/>); never the same for another journal.
/// </summary>
internal static class BatchId
{
    public static string Of(UInt128 journalEpochId, RecordBatch batch)
    {
        var id = string.Create(
            CultureInfo.InvariantCulture,
            $"{journalEpochId:x32}-{batch.Start.Sequence + 1}-{batch.End.Sequence}"
        );
#if EDGE_FAULTS
        if (Storage.Faults.Bugs.Planted(Storage.Faults.Bug.ChangedToken))
        {
            id = $"{id}-{Random.Shared.Next():x8}";
        }
#endif
        return id;
    }
}
