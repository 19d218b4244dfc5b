using Edge.Journal;

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
    /// The commit that covers everything stored or repeated covers this place in the journal; 0 when there is nothing
    /// to wait for.
    /// </summary>
    public long Sequence;

    /// <summary>Why the journal did not take the last one that failed.</summary>
    public AppendResult Failure;

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
