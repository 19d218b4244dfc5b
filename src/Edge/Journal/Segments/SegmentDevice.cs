using Edge.Storage;
using FASTER.core;

namespace Edge.Journal.Segments;

/// <summary>
/// The log engine's disk. Unlike the stock device, it reports a write as complete only when it is durable; the first
/// failed write or sync raises the journal's fault and ends all writing; error numbers are kept; reads never create
/// files; segments are removed by the journal alone, after a commit that no longer covers them. Queued writes share one
/// sync per segment. Thread safe; callbacks run on the device's own threads.
/// </summary>
internal sealed partial class SegmentDevice : StorageDeviceBase
{
    /// <summary>Writes start and end on this boundary, the block size of common disks and file systems.</summary>
    public const int BlockBytes = 4096;

    private readonly SegmentFiles _segments;
    private readonly JournalFault _fault;
    private readonly IoThread<WriteRequest> _writer;
    private readonly IoThread<ReadRequest> _reader;
    private readonly List<DiskFile> _unsynced = [];
    private DiskException? _lastReadError;

    public SegmentDevice(SegmentFiles segments, JournalFault fault)
        : base("journal", BlockBytes, Devices.CAPACITY_UNSPECIFIED)
    {
        _segments = segments;
        _fault = fault;
        _writer = new IoThread<WriteRequest>("edge-journal-write", Write, fault.Raise);
        _reader = new IoThread<ReadRequest>("edge-journal-read", Read, fault.Raise);
    }

    /// <summary>The last failed read; the engine does not keep the cause.</summary>
    public DiskException? LastReadError
    {
        get => Volatile.Read(ref _lastReadError);
        set => Volatile.Write(ref _lastReadError, value);
    }

    public override void WriteAsync(
        nint sourceAddress,
        int segmentId,
        ulong destinationAddress,
        uint numBytesToWrite,
        DeviceIOCompletionCallback callback,
        object context
    ) =>
        _writer.Post(
            new WriteRequest(
                sourceAddress,
                segmentId,
                (long)destinationAddress,
                (int)numBytesToWrite,
                callback,
                context
            )
        );

    public override void ReadAsync(
        int segmentId,
        ulong sourceAddress,
        nint destinationAddress,
        uint readLength,
        DeviceIOCompletionCallback callback,
        object context
    ) =>
        _reader.Post(
            new ReadRequest(destinationAddress, segmentId, (long)sourceAddress, (int)readLength, callback, context)
        );

    // The engine truncates in a task of its own, in no defined order. The journal removes segments itself.
    public override void TruncateUntilAddress(long toAddress) { }

    public override void TruncateUntilAddressAsync(long toAddress, AsyncCallback callback, IAsyncResult result) =>
        callback(result);

    public override void RemoveSegment(int segment) { }

    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result) =>
        callback(result);

    public override void Dispose()
    {
        _writer.Dispose();
        _reader.Dispose();
    }

    static partial void ReachKillPoint(string name);

    static partial void InjectSync(List<DiskFile> unsynced);

    private unsafe void Write(List<WriteRequest> batch)
    {
        // After a fault nothing is written; the engine is only told that its pages were not.
        if (!_fault.IsRaised)
        {
            try
            {
                foreach (var request in batch)
                {
                    var file = _segments.Writable(request.Segment);
                    file.Write(new ReadOnlySpan<byte>((void*)request.Source, request.Length), request.Offset);
                    if (!_unsynced.Contains(file))
                    {
                        _unsynced.Add(file);
                    }
                }

                ReachKillPoint("after-data-write");
                InjectSync(_unsynced);
                foreach (var file in _unsynced)
                {
                    file.SyncData();
                }
            }
            catch (Exception e)
            {
                _fault.Raise(e);
            }
            _unsynced.Clear();
        }

        var error = _fault.IsRaised ? _fault.EngineErrorCode : 0;
        foreach (var request in batch)
        {
            request.Callback(error, error == 0 ? (uint)request.Length : 0, request.Context);
        }
    }

    private unsafe void Read(List<ReadRequest> batch)
    {
        foreach (var request in batch)
        {
            var error = 0u;
            try
            {
                _segments.Read(
                    request.Segment,
                    request.Offset,
                    new Span<byte>((void*)request.Destination, request.Length)
                );
            }
            catch (Exception e)
            {
                var cause =
                    e as DiskException
                    ?? new DiskException("read", _segments.PathOf(request.Segment), DiskException.IoError);
                LastReadError = cause;
                error = cause.Errno > 0 ? (uint)cause.Errno : DiskException.IoError;
            }
            request.Callback(error, error == 0 ? (uint)request.Length : 0, request.Context);
        }
    }

    private readonly record struct WriteRequest(
        nint Source,
        int Segment,
        long Offset,
        int Length,
        DeviceIOCompletionCallback Callback,
        object Context
    );

    private readonly record struct ReadRequest(
        nint Destination,
        int Segment,
        long Offset,
        int Length,
        DeviceIOCompletionCallback Callback,
        object Context
    );
}
