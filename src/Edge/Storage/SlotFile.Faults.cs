using Edge.Storage.Faults;

namespace Edge.Storage;

/// <summary>The fault build's half of <see cref="SlotFile"/>.</summary>
internal sealed partial class SlotFile
{
    static partial void InjectSlot(ref int slot)
    {
        if (Bugs.Planted(Bug.OneSlot))
        {
            slot = 0;
        }
    }

    static partial void InjectSync(ref bool isSkipped) => isSkipped = Bugs.Planted(Bug.NoFsync);
}
