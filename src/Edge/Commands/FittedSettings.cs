using Edge.Journal.Recovery;
using Edge.Machine;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>What came of fitting settings to this machine, as the service does before it starts.</summary>
/// <param name="Machine">What the machine gives.</param>
/// <param name="Lowered">The limits that are lower than their settings now.</param>
/// <param name="Shortage">Why the service cannot start here; null when it can.</param>
internal readonly record struct FittedSettings(
    Capacity Machine,
    IReadOnlyList<LoweredLimit> Lowered,
    string? Shortage
)
{
    /// <summary>Raises the limit on open files, then lowers the settings to what there is.</summary>
    public static FittedSettings Of(EdgeOptions options)
    {
        var machine = new Capacity(ProcessLimits.RaiseDescriptors(), MemoryLimit.Bytes());
        var lowered = machine.Fit(options, JournalManifest.PageBytesIn(options.JournalDir), out var shortage);
        return new FittedSettings(machine, lowered, shortage);
    }
}
