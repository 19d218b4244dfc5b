using Edge.Storage;

namespace Edge.Journal.Segments;

/// <summary>
/// Allocates segments ahead of the tail and removes released ones: allocates the next segment when the current one is
/// half full, removes segments below the durable begin, watches budget and free space. Runs on a thread of its own,
/// because these calls may be slow and neither commits nor requests may wait for them. A full disk is a state here, not
/// a fault: the log never writes outside allocated segments.
/// </summary>
internal sealed partial class SpaceKeeper
{
    private readonly JournalOptions _options;
    private readonly SegmentFiles _segments;
    private readonly JournalFault _fault;
    private long _allocatedUntil;
    private long _freeBytes;
    private long _removedUntil;
    private long _required;
    private volatile bool _isShort;
    private int _state = (int)JournalState.Open;

    public SpaceKeeper(JournalOptions options, SegmentFiles segments, JournalFault fault)
    {
        _options = options;
        _segments = segments;
        _fault = fault;
    }

    /// <summary>First address without a segment; the log must end before it.</summary>
    public long AllocatedUntil => Volatile.Read(ref _allocatedUntil);

    public long FreeBytes => Volatile.Read(ref _freeBytes);

    /// <summary>Whether the disk, the budget or the descriptors gave no room for another segment when it was asked for.</summary>
    public bool IsShort => _isShort;

    /// <summary>
    /// Asks for segments up to an address. Holds until the next <see cref="Keep"/>; who still waits then asks again.
    /// </summary>
    public void Require(long until)
    {
        var required = Volatile.Read(ref _required);
        while (until > required)
        {
            var seen = Interlocked.CompareExchange(ref _required, until, required);
            if (seen == required)
            {
                return;
            }

            required = seen;
        }
    }

    /// <summary>Open, SoftFull or Full.</summary>
    public JournalState State => (JournalState)Volatile.Read(ref _state);

    /// <summary>Whether <see cref="Keep"/> has something to do now; checked after every commit.</summary>
    public bool IsDue(long begin, long committed) =>
        AllocatedUntil - committed <= _options.SegmentBytes / 2
        || _segments.Of(begin) > _segments.Of(Volatile.Read(ref _removedUntil));

    /// <summary>Removes, allocates and updates the state.</summary>
    /// <param name="begin">First address a durable commit still holds.</param>
    /// <param name="committed">First address that is not durable.</param>
    /// <param name="tail">Where the next record goes.</param>
    public void Keep(long begin, long committed, long tail)
    {
        try
        {
            _segments.CloseBelow(_segments.Of(committed));
            _segments.RemoveBelow(begin);
            Volatile.Write(ref _removedUntil, begin);
        }
        catch (DiskException)
        {
            // The file stays and is tried again next time; its space counts against the budget until then.
        }

        try
        {
            Volatile.Write(ref _freeBytes, DiskDirectory.FreeBytes(_options.Directory));
            var isAllocated = TryAllocateAhead(tail, Interlocked.Exchange(ref _required, 0));
            _isShort = !isAllocated || IsOut(tail - begin);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _isShort = true;
            // Too few descriptors are no fault of the disk either, and pass.
            if (e is not DiskException { IsNoSpace: true } and not DiskException { IsShortage: true })
            {
                _fault.Raise(e);
            }
        }
        Volatile.Write(ref _allocatedUntil, _segments.AllocatedUntil(tail));
        Volatile.Write(ref _state, (int)StateAt(begin, tail));
    }

    static partial void ReachKillPoint(string name);

    /// <summary>
    /// Allocates what is ahead of the tail and what is required; false when there is no room for it.
    /// </summary>
    private bool TryAllocateAhead(long tail, long required)
    {
        var allocatedUntil = _segments.AllocatedUntil(tail);
        for (var segment = _segments.Of(tail); segment < _segments.Of(allocatedUntil); segment++)
        {
            // Those of an earlier run are not open yet.
            _ = _segments.Writable(segment);
        }

        while (allocatedUntil - tail <= _options.SegmentBytes / 2 || allocatedUntil < required)
        {
            var budget = (_segments.Count + 1L) * _options.SegmentBytes <= _options.MaxBytes + _options.SegmentBytes;
            if (!budget || FreeBytes - _options.SegmentBytes < _options.FreeReserveBytes)
            {
                return false;
            }

            ReachKillPoint("before-allocate");
            _segments.Allocate(_segments.Of(allocatedUntil));
            allocatedUntil = _segments.AllocatedUntil(tail);
            // Every one counts at once: requests wait for it.
            Volatile.Write(ref _allocatedUntil, allocatedUntil);
            Volatile.Write(ref _freeBytes, DiskDirectory.FreeBytes(_options.Directory));
        }

        return true;
    }

    /// <summary>Whether the budget or the disk is used up, whatever is allocated.</summary>
    private bool IsOut(long held) => held >= _options.MaxBytes || FreeBytes < _options.FreeReserveBytes;

    private JournalState StateAt(long begin, long tail)
    {
        var held = tail - begin;
        if (IsOut(held) || AllocatedUntil - tail < _options.PageBytes)
        {
            return JournalState.Full;
        }

        return
            held >= _options.MaxBytes / 100 * _options.SoftMarkPercent
            || FreeBytes < _options.FreeReserveBytes + (2L * _options.SegmentBytes)
            ? JournalState.SoftFull
            : JournalState.Open;
    }
}
