using Edge.Journal.Records;
using Edge.Storage;

namespace Edge.Forwarding.Files;

/// <summary>
/// The embedded sink: events as NDJSON in <c>DATA/forwarded/</c>, byte for byte as the journal holds them, in the
/// order of the journal. A new file begins with the UTC hour (of forwarding, not of the event) and when the size is
/// reached. A file has its final name from its first byte, so that <c>tail -F</c> and log shippers can follow it and a
/// crash cannot interrupt a rename; a file is complete once one with a later name exists.
/// </summary>
/// <remarks>
/// Exactly once after a kill: with every durable cursor the sink records the file and its length. After a restart the
/// journal delivers again from the cursor, and what already lies beyond that length is compared instead of written
/// (<see cref="ForwardedFile"/>). After a power cut the same holds for what the disk kept; the rest is written again.
/// When that record is gone (somebody emptied the directory) a new file is begun, and an event may be in two files with
/// the same <c>id</c>.
///
/// While it delivers it holds the directory's lock, so that a second service or sink waits instead of writing into the
/// same files.
///
/// Disk failures are results for the pump, which retries. Used by one thread, the pump's, which it blocks. Files are
/// never deleted: they are the user's data.
/// </remarks>
internal sealed class FileSink(FileSinkOptions options, TimeProvider time) : ISink
{
    // Files begun before a crash or a failed write by batches that will be delivered again; oldest first.
    private readonly Queue<ForwardedFileName> _laterFiles = new();

    private ForwardedLock? _lock;
    private FilePositionStore? _store;
    private ForwardedFile? _file;
    private ForwardedFileName _newest;
    private FilePosition _flushed;
    private FilePosition _taken;
    private bool _mustReopen;
    private bool _mustSyncDirectory;

    // Bytes may be visible to readers and yet not be on the disk, see ForwardedFile.Flush.
    private bool _hasUncertainBytes;

    public Task<DeliveryResult> ResumeAsync(UInt128 journalEpochId, JournalCursor from) =>
        Task.FromResult(Guarded(() => Resume(journalEpochId, from)));

    public Task<DeliveryResult> DeliverAsync(RecordBatch batch, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(Guarded(() => Deliver(batch)));
    }

    public Task<DeliveryResult> FlushAsync(JournalCursor upTo) => Task.FromResult(Guarded(() => Flush(upTo)));

    public void Dispose()
    {
        CloseFile();
        Unlock();
    }

    private DeliveryResult Guarded(Func<DeliveryResult> step)
    {
        try
        {
            return step();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk, a missing directory, a failing device: all may be repaired while the service runs. It is
            // unknown how much of the step is in the files, so they are reopened at their length before it.
            CloseFile();
            _mustReopen = true;
            return _hasUncertainBytes ? DeliveryResult.Rewind(e.Message) : DeliveryResult.Retry(e.Message);
        }
    }

    private DeliveryResult Resume(UInt128 journalEpochId, JournalCursor from)
    {
        CloseFile();
        if (_lock is { IsHeld: false })
        {
            Unlock();
        }

        DiskDirectory.CreateDurably(options.Directory);
        _lock ??= ForwardedLock.Take(options.Directory);
        _store ??= FilePositionStore.Open(options.Directory, journalEpochId);
        _flushed = _store.Find(from) ?? BeginAfterExistingFiles(from);
        if (!Open(_flushed, keepsLeftover: !_hasUncertainBytes))
        {
            // Removed by its reader. The next event begins a new file.
            _taken = _flushed with
            {
                Length = FilePosition.NotOurs,
            };
        }

        return DeliveryResult.Delivered;
    }

    private DeliveryResult Deliver(RecordBatch batch)
    {
        if (!ReopenIfNeeded())
        {
            return FileWasTouched();
        }

        var bytes = batch.Bytes.Span;
        for (var first = 0; first < batch.Count;)
        {
            var start = batch[first].Offset;
            var file = FileWithRoomFor(LineEnd(batch[first]) - start);
            var end = first + 1;
            while (end < batch.Count && LineEnd(batch[end]) - start <= RoomIn(file))
            {
                end++;
            }

            file.Append(bytes[start..LineEnd(batch[end - 1])]);
            first = end;
        }

        _taken = PositionAt(batch.End);
        return DeliveryResult.Delivered;
    }

    private DeliveryResult Flush(JournalCursor upTo)
    {
        if (!ReopenIfNeeded())
        {
            return FileWasTouched();
        }

        if (_file is not null)
        {
            FlushFile(_file);
        }

        if (_mustSyncDirectory)
        {
            DiskDirectory.Sync(options.Directory);
            _mustSyncDirectory = false;
        }

        var position = PositionAt(upTo);
        _store!.Write(position, previous: _flushed);
        _taken = _flushed = position;
        return DeliveryResult.Delivered;
    }

    /// <summary>
    /// No position is known for this cursor, so existing files stay as they are, except for a torn last line: its event
    /// was never covered by a durable cursor, and readers fail on half a line.
    /// </summary>
    private FilePosition BeginAfterExistingFiles(JournalCursor from)
    {
        var names = ForwardedDirectory.List(options.Directory, afterNumber: 0);
        var newest = names.Count == 0 ? default : names[^1];
        if (names.Count > 0)
        {
            ForwardedDirectory.CutTornLine(options.Directory, newest);
        }

        var position = new FilePosition(from, newest, FilePosition.NotOurs);
        _store!.Write(position, previous: position);
        return position;
    }

    /// <summary>False when the file of the position is missing, or shorter than it was.</summary>
    private bool Open(FilePosition position, bool keepsLeftover)
    {
        _taken = position;
        _newest = position.File;
        _laterFiles.Clear();
        foreach (var name in ForwardedDirectory.List(options.Directory, position.File.Number))
        {
            if (!keepsLeftover)
            {
                ForwardedDirectory.Cut(Path.Combine(options.Directory, name.ToString()), length: 0);
            }

            _laterFiles.Enqueue(name);
            _newest = name;
        }

        var isOurs = position.Length != FilePosition.NotOurs;
        var isWhole = isOurs && ForwardedDirectory.LengthOf(options.Directory, position.File) >= position.Length;
        if (isWhole)
        {
            _file = ForwardedFile.OpenAt(options.Directory, position.File, position.Length, keepsLeftover);
        }

        _mustReopen = false;
        _hasUncertainBytes = false;
        return isWhole || !isOurs;
    }

    private bool ReopenIfNeeded()
    {
        if (_lock is not { IsHeld: true })
        {
            return false;
        }

        if (_mustReopen)
        {
            return Open(_taken, keepsLeftover: true);
        }

        return _file is null || _file.IsIntact();
    }

    private DeliveryResult FileWasTouched() =>
        DeliveryResult.Rewind(
            _lock is not { IsHeld: true }
                ? $"{ForwardedLock.FileName} was removed or replaced while its directory was being written"
                : $"{_taken.File} was removed, renamed or cut while it was being written"
        );

    private ForwardedFile FileWithRoomFor(int lineBytes)
    {
        if (_file is { } open)
        {
            if (!IsFinished(open, lineBytes))
            {
                return open;
            }

            // A file is durable before the next one begins, so that only the newest file can be torn.
            FlushFile(open);
            CloseFile();
        }

        _mustSyncDirectory = true;
        if (_laterFiles.TryDequeue(out var later))
        {
            return _file = ForwardedFile.OpenAt(options.Directory, later, length: 0, keepsLeftover: true);
        }

        // After the clock was set back, a name must still sort after the last one.
        var hour = Math.Max(ForwardedFileName.HourOf(time.GetUtcNow()), _newest.Hour);
        var name = new ForwardedFileName(hour, _newest.Number + 1);
        _file = ForwardedFile.Create(options.Directory, name);
        _newest = name;
        return _file;
    }

    private bool IsFinished(ForwardedFile file, int lineBytes)
    {
        if (file.LeftoverBytes > 0 || file.Length == 0)
        {
            return false;
        }

        return _laterFiles.Count > 0
            || file.Length + lineBytes > options.MaxFileBytes
            || ForwardedFileName.HourOf(time.GetUtcNow()) > file.Name.Hour;
    }

    /// <summary>A file with leftover bytes gets no more than those at once, because it may have ended there.</summary>
    private long RoomIn(ForwardedFile file) =>
        file.LeftoverBytes > 0 ? file.LeftoverBytes : options.MaxFileBytes - file.Length;

    private void FlushFile(ForwardedFile file)
    {
        _hasUncertainBytes = true;
        file.Flush();
        _hasUncertainBytes = false;
    }

    private FilePosition PositionAt(JournalCursor cursor) =>
        _file is null ? _taken with { Cursor = cursor } : new FilePosition(cursor, _file.Name, _file.Length);

    private void CloseFile()
    {
        _file?.Dispose();
        _file = null;
    }

    /// <summary>What is known of the files is no longer so once another may have written.</summary>
    private void Unlock()
    {
        _store?.Dispose();
        _store = null;
        _lock?.Dispose();
        _lock = null;
    }

    private static int LineEnd(RecordEntry entry) => entry.Offset + entry.Length + 1;
}

/// <summary>Every setting of the file sink.</summary>
internal sealed record FileSinkOptions
{
    /// <summary>Directory of the files (<c>DATA/forwarded</c>). Created when it is missing.</summary>
    public required string Directory { get; init; }

    /// <summary>
    /// Bytes after which the next file is begun; a file is larger only when a single event is. 64 MiB is a size that
    /// tools copy and compress in seconds. 1 MiB to 64 GiB.
    /// </summary>
    public long MaxFileBytes { get; init; } = 64L << 20;
}
