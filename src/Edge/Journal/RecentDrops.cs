using System.IO.Hashing;
using Edge.Events;
using Edge.Telemetry;
using EventId = Edge.Events.EventId;

namespace Edge.Journal;

/// <summary>
/// The newest events that were not stored, and why, in memory. Whose they were is kept as a hash of the project's name.
/// Thread safe; allocates with the first event alone.
/// </summary>
internal sealed class RecentDrops
{
    /// <summary>Events that are remembered, at 32 bytes each.</summary>
    public const int Max = 4_096;

    private readonly Lock _lock = new();
    private (EventId Id, ulong Project, DropReason Reason)[] _ring = [];
    private int _count;
    private int _next;

    /// <summary>Remembers an event.</summary>
    /// <param name="id">The event.</param>
    /// <param name="payload">Its bytes.</param>
    /// <param name="reason">Why it was not stored.</param>
    public void Add(EventId id, ReadOnlySpan<byte> payload, DropReason reason)
    {
        var project = XxHash3.HashToUInt64(EventSchema.ProjectOf(payload));
        lock (_lock)
        {
            if (_ring.Length == 0)
            {
                _ring = new (EventId, ulong, DropReason)[Max];
            }
            _ring[_next] = (id, project, reason);
            _next = (_next + 1) % Max;
            _count = Math.Min(Max, _count + 1);
        }
    }

    /// <summary>Why an event of a project was not stored; null when nothing is known of it.</summary>
    public DropReason? Find(EventId id, ReadOnlySpan<byte> project)
    {
        lock (_lock)
        {
            for (var i = 0; i < _count; i++)
            {
                if (_ring[i].Id == id)
                {
                    return _ring[i].Project == XxHash3.HashToUInt64(project) ? _ring[i].Reason : null;
                }
            }
        }
        return null;
    }
}
