using Edge.Storage.Faults;

namespace Edge.Journal;

/// <summary>The fault build's half of <see cref="EventJournal"/>.</summary>
internal sealed partial class EventJournal
{
    static partial void ReachKillPoint(string name) => KillPoints.Reach(name);

    static partial void InjectWait(ref bool isAcknowledged) => isAcknowledged = Bugs.Planted(Bug.AckBeforeCommit);

    partial void InjectTruncation()
    {
        if (Bugs.Planted(Bug.TruncateBeforeCursor))
        {
            _log.TruncateUntilPageStart(_files.Commits.Current.Until);
        }
    }
}
