using System.Buffers;
using System.IO.Pipelines;

namespace Edge.Transport;

/// <summary>
/// Reads what had been received of a connection before its reader was made, and then what the reader has. Used by one
/// task at a time, as every reader.
/// </summary>
/// <param name="prefix">The bytes received before.</param>
/// <param name="inner">The reader of what follows.</param>
internal sealed class PrefixedReader(ReadOnlyMemory<byte> prefix, PipeReader inner) : PipeReader
{
    private ReadOnlyMemory<byte> _prefix = prefix;

    /// <summary>Whether all of the prefix was looked at and more is wanted.</summary>
    private bool _isExamined;

    /// <summary>The buffer given out last, and its part that is the inner reader's.</summary>
    private ReadOnlySequence<byte> _given;
    private ReadOnlySequence<byte>? _givenOfInner;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (_prefix.IsEmpty)
        {
            return inner.ReadAsync(cancellationToken);
        }

        return _isExamined ? ReadMoreAsync(cancellationToken) : ValueTask.FromResult(GivePrefix());
    }

    public override bool TryRead(out ReadResult result)
    {
        if (_prefix.IsEmpty)
        {
            return inner.TryRead(out result);
        }

        if (!_isExamined)
        {
            result = GivePrefix();
            return true;
        }

        if (!inner.TryRead(out var more))
        {
            result = default;
            return false;
        }

        result = Join(more);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_prefix.IsEmpty)
        {
            inner.AdvanceTo(consumed, examined);
            return;
        }

        var consumedBytes = _given.Slice(_given.Start, consumed).Length;
        var examinedBytes = Math.Max(consumedBytes, _given.Slice(_given.Start, examined).Length);
        var ofPrefix = (int)Math.Min(consumedBytes, _prefix.Length);
        if (_givenOfInner is { } more)
        {
            inner.AdvanceTo(
                more.GetPosition(consumedBytes - ofPrefix),
                more.GetPosition(Math.Max(0, examinedBytes - _prefix.Length))
            );
        }

        _isExamined = examinedBytes >= _prefix.Length;
        // Not an empty slice, which would hold the whole array for as long as the connection lives.
        _prefix = ofPrefix == _prefix.Length ? default : _prefix[ofPrefix..];
        (_given, _givenOfInner) = (default, null);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private async ValueTask<ReadResult> ReadMoreAsync(CancellationToken cancellationToken) =>
        Join(await inner.ReadAsync(cancellationToken));

    private ReadResult GivePrefix()
    {
        _given = new ReadOnlySequence<byte>(_prefix);
        _givenOfInner = null;
        return new ReadResult(_given, isCanceled: false, isCompleted: false);
    }

    private ReadResult Join(in ReadResult more)
    {
        var first = new Segment(_prefix, 0);
        var last = first;
        foreach (var memory in more.Buffer)
        {
            last = last.Append(memory);
        }

        _givenOfInner = more.Buffer;
        _given = new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        return new ReadResult(_given, more.IsCanceled, more.IsCompleted);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long at)
        {
            Memory = memory;
            RunningIndex = at;
        }

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
