using Edge.Storage.Faults;

namespace Edge.Journal.Commits;

/// <summary>The fault build's half of <see cref="CommitStore"/>.</summary>
internal sealed partial class CommitStore
{
    static partial void ReachKillPoint(string name) => KillPoints.Reach(name);
}
