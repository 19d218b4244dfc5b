using Edge.Storage.Faults;

namespace Edge.Journal.Segments;

/// <summary>The fault build's half of <see cref="SpaceKeeper"/>.</summary>
internal sealed partial class SpaceKeeper
{
    static partial void ReachKillPoint(string name) => KillPoints.Reach(name);
}
