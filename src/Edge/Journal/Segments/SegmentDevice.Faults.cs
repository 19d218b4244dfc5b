using Edge.Storage;
using Edge.Storage.Faults;

namespace Edge.Journal.Segments;

/// <summary>The fault build's half of <see cref="SegmentDevice"/>.</summary>
internal sealed partial class SegmentDevice
{
    static partial void ReachKillPoint(string name) => KillPoints.Reach(name);

    static partial void InjectSync(List<DiskFile> unsynced)
    {
        if (Bugs.Planted(Bug.NoFsync))
        {
            unsynced.Clear();
        }
    }
}
