using Edge.Storage.Faults;

namespace Edge.Journal.Segments;

/// <summary>The fault build's half of <see cref="SegmentFiles"/>.</summary>
internal sealed partial class SegmentFiles
{
    static partial void ReachKillPoint(string name) => KillPoints.Reach(name);
}
