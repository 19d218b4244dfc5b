using Edge.Storage.Faults;

namespace Edge.Forwarding.Pump;

/// <summary>The fault build's half of <see cref="PumpProgress"/>.</summary>
internal sealed partial class PumpProgress
{
    static partial void ReachKillPoint(string name) => KillPoints.Reach(name);
}
