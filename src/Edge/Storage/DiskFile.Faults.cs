using Edge.Storage.Faults;

namespace Edge.Storage;

/// <summary>The fault build's half of <see cref="DiskFile"/>: every system call first asks the plan.</summary>
internal sealed partial class DiskFile
{
    static partial void Inject(DiskCall call, string path, ref int length, ref int errno) =>
        FaultPlan.Current.Apply(call, path, ref length, ref errno);
}

/// <summary>The fault build's half of <see cref="DiskDirectory"/>.</summary>
internal static partial class DiskDirectory
{
    static partial void Inject(DiskCall call, string path, ref int errno)
    {
        var length = 0;
        FaultPlan.Current.Apply(call, path, ref length, ref errno);
    }
}
