using Edge.Journal.Records;
using Edge.Storage.Faults;

namespace Edge.Forwarding.Pump;

/// <summary>The fault build's half of <see cref="BatchPipeline"/>.</summary>
internal sealed partial class BatchPipeline
{
    static partial void ReachKillPoint(string name) => KillPoints.Reach(name);

    partial void InjectDelivery()
    {
        if (Bugs.Planted(Bug.CursorBeforeSink))
        {
            _progress.TrySave(_batch.After(_progress.Taken));
        }
    }

    partial void InjectDeadLetters(SinkProgress after)
    {
        if (Bugs.Planted(Bug.LateDeadLetter))
        {
            _progress.TrySave(after);
        }
    }
}
