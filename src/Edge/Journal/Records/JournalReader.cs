using Edge.Journal.Commits;
using Edge.Journal.Recovery;
using Edge.Journal.Segments;
using Edge.Storage;
using FASTER.core;
using CommitPoint = Edge.Journal.Commits.CommitPoint;
using EventId = Edge.Events.EventId;

namespace Edge.Journal.Records;

/// <summary>
/// Reads the committed records after a cursor, in order, and checks each: checksum, address, identity of the journal,
/// sequence. The engine's iterator skips what it cannot read, so after any failure it is discarded and the scan starts
/// again after the last intact record; after three failures at the same address the page is copied into quarantine
/// (<see cref="Quarantine"/>), reading goes on with its next record that can be read, and those between are reported as
/// missing. Used by one task; not thread safe.
/// </summary>
internal sealed partial class JournalReader : IDisposable
{
    /// <summary>Pauses before the second and the third attempt at the same address.</summary>
    private static readonly int[] BackoffMs = [50, 500];

    /// <summary>
    /// The pause when the process is short of resources, or the page cannot be copied into quarantine.
    /// </summary>
    private const int LongBackoffMs = 1_000;

    private readonly FasterLog _log;
    private readonly SegmentDevice _device;
    private readonly CommitLoop _commits;
    private readonly Quarantine _quarantine;
    private readonly JournalManifest _manifest;
    private readonly TimeProvider _time;
    private readonly Func<long, bool> _mayBeTest;
    private FasterLogScanIterator? _iterator;
    private JournalCursor _cursor;
    private long _position;
    private bool _gapAllowed;
    private long _failedAt = -1;
    private int _attempts;
    private long _retryAt;
    private byte[] _held = [];
    private HeldRecord? _heldRecord;
    private bool _disposed;

    /// <param name="log">The engine.</param>
    /// <param name="device">Its disk.</param>
    /// <param name="commits">Says what is committed.</param>
    /// <param name="quarantine">Where damaged pages are kept.</param>
    /// <param name="manifest">Identity of the journal.</param>
    /// <param name="time">The clock.</param>
    /// <param name="mayBeTest">Whether a record of this number, or a later one that can be read, can be of a test.</param>
    /// <param name="from">Where to begin.</param>
    internal JournalReader(
        FasterLog log,
        SegmentDevice device,
        CommitLoop commits,
        Quarantine quarantine,
        JournalManifest manifest,
        TimeProvider time,
        Func<long, bool> mayBeTest,
        JournalCursor from
    )
    {
        _log = log;
        _device = device;
        _commits = commits;
        _quarantine = quarantine;
        _manifest = manifest;
        _time = time;
        _mayBeTest = mayBeTest;
        _cursor = from;
        _position = from.Address;
    }

    /// <summary>
    /// Clears the batch and fills it with up to that many records and bytes; a single larger record comes alone.
    /// Returns the number of records; 0 means nothing new or a failed read: check <see cref="RecordBatch.Missing"/>
    /// even then, and wait with <see cref="WaitAsync"/>. Throws <see cref="JournalException"/> for a record of a later
    /// version. May read a page from the disk.
    /// </summary>
    public int Read(RecordBatch batch, int maxRecords, int maxBytes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        batch.Clear(_cursor);
        if (_heldRecord is { } held)
        {
            _heldRecord = null;
            Take(batch, held, _held.AsSpan(0, held.Length));
        }

        while (batch.Count < maxRecords && MayRead())
        {
            // Read before the scan: the iterator may see more than this, but must not see less.
            var committed = _commits.Committed;
            try
            {
                if (!Next(batch, committed, maxBytes))
                {
                    break;
                }

                CooperativeYield.AfterEvent(batch.Count);
            }
            catch (Exception e) when (e is not (JournalException or ObjectDisposedException))
            {
                Recover(batch, committed, e);
            }
        }

        batch.MayHaveTests = batch.Count > 0 && _mayBeTest(batch[0].Sequence);
        return batch.Count;
    }

    /// <summary>
    /// Completes when <see cref="Read"/> may have new records; also paces the attempts after a failure.
    /// </summary>
    public async ValueTask WaitAsync(CancellationToken cancellation)
    {
        var now = _time.GetTimestamp();
        if (now < _retryAt)
        {
            await Task.Delay(_time.GetElapsedTime(now, _retryAt), _time, cancellation).ConfigureAwait(false);
        }
        else if (_heldRecord is null)
        {
            await _commits.WaitForCommitAfterAsync(_cursor.Sequence, cancellation).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        _iterator?.Dispose();
        _iterator = null;
    }

    /// <summary>Whether no failed read is to be waited for; the clock is looked at only after one.</summary>
    private bool MayRead() => _retryAt == 0 || _time.GetTimestamp() >= _retryAt;

    /// <summary>Adds one record to the batch. False when there is none, or no room for it.</summary>
    private unsafe bool Next(RecordBatch batch, CommitPoint committed, int maxBytes)
    {
        // The engine moves to its begin silently. What lies before it was truncated, not lost.
        var begin = Math.Max(_log.CommittedBeginAddress, EngineRecord.FirstAddress);
        if (_position < begin)
        {
            _position = begin;
            _gapAllowed = true;
            DropIterator();
        }
        _iterator ??= _log.Scan(_position, long.MaxValue, recover: false);
        if (!_iterator.UnsafeGetNext(out var entry, out var length, out var address, out var next))
        {
            if (_cursor.Sequence < committed.Sequence)
            {
                throw new UnreadableRecordException(
                    _position,
                    "records before the committed end are missing",
                    Failure.MissingAtEnd
                );
            }

            return false;
        }

        try
        {
            var bytes = new ReadOnlySpan<byte>(entry, length);
            var state = Envelope.Check(bytes, _manifest.Epoch, address, out var envelope);
            if (state == RecordState.NewerVersion)
            {
                throw new JournalException(
                    $"the journal holds a record of format {envelope.Version}, this program reads up to"
                        + $" {Envelope.CurrentVersion}: run the later version"
                );
            }

            if (state == RecordState.Damaged || envelope.Sequence <= _cursor.Sequence)
            {
                throw new UnreadableRecordException(
                    address,
                    "the record does not match its checksum or address",
                    Failure.Damage
                );
            }

            // A gap is allowed exactly where a scan started after a skip, and nowhere else: the engine skips zeros.
            if (envelope.Sequence != _cursor.Sequence + 1 && !(_gapAllowed && address == _position))
            {
                throw new UnreadableRecordException(
                    address,
                    $"record {envelope.Sequence} follows {_cursor.Sequence}",
                    Failure.Gap
                );
            }

            var payload = bytes[Envelope.HeaderBytes..];
            var record = new HeldRecord(envelope.Id, envelope.Sequence, payload.Length, next);
            if (batch.Count > 0 && batch.Bytes.Length + payload.Length + 1 > maxBytes)
            {
                if (_held.Length < payload.Length)
                {
                    _held = new byte[payload.Length];
                }

                payload.CopyTo(_held);
                _heldRecord = record;
                return false;
            }
            Take(batch, record, payload);
            return true;
        }
        finally
        {
            _iterator.UnsafeRelease();
        }
    }

    private void Take(RecordBatch batch, HeldRecord record, ReadOnlySpan<byte> payload)
    {
        var missing = record.Sequence - _cursor.Sequence - 1;
        _cursor = new JournalCursor(record.Next, record.Sequence);
        _position = record.Next;
        _gapAllowed = false;
        _attempts = 0;
        if (missing > 0)
        {
            batch.Skip(missing, _cursor);
        }

        batch.Add(record.Id, record.Sequence, payload, _cursor);
    }

    partial void InjectRecovery(long address, CommitPoint committed, ref bool isIgnored);

    /// <summary>
    /// After a failure: tries the same address again, then puts the page into quarantine and skips what is damaged.
    /// </summary>
    private void Recover(RecordBatch batch, CommitPoint committed, Exception cause)
    {
        // The engine has already moved past the page it could not read.
        var failure = cause as UnreadableRecordException;
        var address = failure?.Address ?? Math.Max(_position, PageStart((_iterator?.NextAddress ?? _position) - 1));
        DropIterator();
        var isIgnored = false;
        InjectRecovery(address, committed, ref isIgnored);
        if (isIgnored)
        {
            return;
        }

        _attempts = address == _failedAt ? _attempts + 1 : 1;
        _failedAt = address;
        if (_attempts <= BackoffMs.Length)
        {
            Pause(BackoffMs[_attempts - 1]);
            return;
        }

        try
        {
            // Neither the disk nor the page is at fault: waiting helps, and skipping would lose records.
            if (failure is null && _device.LastReadError is { IsShortage: true })
            {
                Pause(LongBackoffMs);
                return;
            }
            SkipDamaged(batch, committed, address, failure?.Kind ?? Failure.Damage);
        }
        catch (DiskException)
        {
            Pause(LongBackoffMs);
        }
    }

    private void SkipDamaged(RecordBatch batch, CommitPoint committed, long address, Failure kind)
    {
        _attempts = 0;
        _gapAllowed = true;
        if (kind == Failure.Gap)
        {
            // This record is intact; the missing ones lie between it and the last one.
            _position = KeepBetween(_position, address, committed);
            return;
        }

        var intact = KeepAndFindBehind(address, committed);
        var next = intact ?? EngineRecord.NextPage(address, _manifest.PageBytes);
        if (intact is not null || (kind == Failure.Damage && next < committed.Until))
        {
            _position = next;
            return;
        }

        // Nothing committed follows the damage, so the number of missing records is known.
        var missing = committed.Sequence - _cursor.Sequence;
        _position = committed.Until;
        _cursor = new JournalCursor(committed.Until, committed.Sequence);
        _gapAllowed = false;
        batch.Skip(missing, _cursor);
    }

    /// <summary>
    /// Keeps the pages before that of an intact record, up to one in which something else can be read; returns where.
    /// </summary>
    private long KeepBetween(long from, long intact, CommitPoint committed)
    {
        for (var at = from; at < PageStart(intact); at = EngineRecord.NextPage(at, _manifest.PageBytes))
        {
            if (KeepAndFindBehind(at, committed) is { } earlier)
            {
                return earlier;
            }
        }

        return intact;
    }

    /// <summary>The next committed record in the page of an address, behind it, that can be read.</summary>
    private long? KeepAndFindBehind(long address, CommitPoint committed) =>
        RecordSearch.FindBehind(
            _quarantine.Keep(address),
            PageStart(address),
            address,
            committed.Until,
            _manifest.Epoch
        );

    private long PageStart(long address) => address & -(long)_manifest.PageBytes;

    private void Pause(int milliseconds) =>
        _retryAt = _time.GetTimestamp() + (_time.TimestampFrequency * milliseconds / 1_000);

    private void DropIterator()
    {
        _iterator?.Dispose();
        _iterator = null;
    }

    private enum Failure
    {
        Damage,
        Gap,
        MissingAtEnd,
    }

    private readonly record struct HeldRecord(EventId Id, long Sequence, int Length, long Next);

    private sealed class UnreadableRecordException(long address, string message, Failure kind) : Exception(message)
    {
        public long Address { get; } = address;

        public Failure Kind { get; } = kind;
    }
}
