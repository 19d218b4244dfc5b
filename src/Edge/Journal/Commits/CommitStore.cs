using Edge.Storage;
using FASTER.core;

namespace Edge.Journal.Commits;

/// <summary>
/// The log engine's commits, in the two slots of one file. The engine's own store replaces a single file per commit and
/// swallows write errors; here a failed commit raises the journal's fault before the exception reaches the engine,
/// which would swallow it too. One commit runs at a time.
/// </summary>
internal sealed partial class CommitStore(SlotFile slots, CommitPoint current, JournalFault fault) : ILogCommitManager
{
    private CommitPoint _current = current;
    private CommitPoint? _next;

    /// <summary>The last commit that is durable.</summary>
    public CommitPoint Current => Volatile.Read(ref _current);

    /// <summary>
    /// Sets what the slot of the next commit holds beside the engine's own data. Called under the append lock, so that
    /// address and sequence belong together.
    /// </summary>
    public void Announce(CommitPoint next) => Volatile.Write(ref _next, next);

    public void Commit(
        long beginAddress,
        long untilAddress,
        byte[] commitMetadata,
        long commitNum,
        bool forceWriteMetadata
    )
    {
        try
        {
            if (fault.IsRaised)
            {
                throw new JournalException("the journal has failed; no further commit is written");
            }

            var next = Volatile.Read(ref _next);
            if (next is null || next.Until != untilAddress || next.Begin > beginAddress)
            {
                throw new JournalException($"the log engine committed until {untilAddress}, not what was requested");
            }

            next = next with { Number = commitNum, Begin = beginAddress, EngineMetadata = commitMetadata };
            ReachKillPoint("before-slot");
            slots.Write(next.Encode());
            ReachKillPoint("after-slot");
            Volatile.Write(ref _current, next);
        }
        catch (Exception e)
        {
            fault.Raise(e);
            throw;
        }
    }

    public byte[]? GetCommitMetadata(long commitNum) => commitNum == Current.Number ? Current.EngineMetadata : null;

    public IEnumerable<long> ListCommits() => [Current.Number];

    // The slots replace each other, so there is nothing to remove and nothing to clean up after a recovery.
    public void RemoveCommit(long commitNum) { }

    public void RemoveAllCommits() { }

    public void OnRecovery(long commitNum) { }

    public void Dispose() => slots.Dispose();

    static partial void ReachKillPoint(string name);
}
