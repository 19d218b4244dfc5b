using Edge.Journal.Commits;
using Edge.Journal.Segments;

namespace Edge.Journal.Recovery;

/// <summary>The files of an opened journal, checked and locked. Disposed together.</summary>
internal sealed class JournalFiles : IDisposable
{
    public required JournalLock Lock { get; init; }

    public required JournalManifest Manifest { get; init; }

    public required SegmentFiles Segments { get; init; }

    public required CommitStore Commits { get; init; }

    public required RecoveryFindings Findings { get; init; }

    public void Dispose()
    {
        Commits.Dispose();
        Segments.Dispose();
        Lock.Dispose();
    }
}

/// <summary>What recovery found when opening the journal; for the start-up message and metrics.</summary>
/// <param name="DamagedSlots">Commit slots that failed their check: 0 or 1. A power cut can leave one.</param>
/// <param name="RolledForward">Records found intact after the last commit and kept.</param>
/// <param name="CheckedRecords">Records before the end that were checked.</param>
/// <param name="Problems">Damage among those, one line each; readers will put it into quarantine.</param>
internal sealed record RecoveryFindings(
    int DamagedSlots,
    long RolledForward,
    long CheckedRecords,
    IReadOnlyList<string> Problems
)
{
    /// <summary>
    /// Segments that were missing or short and held only events that every sink has taken, one line each; they were let go.
    /// </summary>
    public IReadOnlyList<string> Released { get; init; } = [];
}
