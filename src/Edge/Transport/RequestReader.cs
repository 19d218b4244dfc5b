using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Edge.Transport;

/// <summary>
/// What the peer of a connection sends, as the server is to read it: first what had been received before the reader was
/// made; bytes beyond ASCII in an address, which the server refuses, percent-encoded as browsers send them; and the end
/// only when everything before it has been looked at, because the server takes a body whose last bytes come with the end
/// for one that was broken off. Used by one task at a time, as every reader.
/// </summary>
/// <param name="received">The bytes received before.</param>
/// <param name="inner">The reader of what follows.</param>
internal sealed class RequestReader(ReadOnlyMemory<byte> received, PipeReader inner) : PipeReader
{
    /// <summary>Instead of a number of bytes: where the next request begins, nobody knows yet.</summary>
    private const long Unknown = -1;

    /// <summary>What comes before the bytes of the inner reader.</summary>
    private ReadOnlyMemory<byte> _ahead = received;

    /// <summary>Bytes from here to the next request.</summary>
    private long _untilRequest;

    /// <summary>Bytes from here on that were looked at and not consumed.</summary>
    private long _examined;

    /// <summary>The buffer given out last, and its part that is the inner reader's.</summary>
    private ReadOnlySequence<byte> _given;
    private ReadOnlySequence<byte>? _givenOfInner;

    /// <summary>
    /// Makes a connection's requests be read through a reader of this kind, a feature of the connection.
    /// </summary>
    /// <param name="features">Those of the connection.</param>
    /// <param name="transport">What is read and written now.</param>
    /// <param name="received">What had been received before.</param>
    /// <returns>What the server is to read and write.</returns>
    public static IDuplexPipe Install(
        IFeatureCollection features,
        IDuplexPipe transport,
        ReadOnlyMemory<byte> received = default
    )
    {
        var reader = new RequestReader(received, transport.Input);
        features.Set(reader);
        return new Pipes(reader, transport.Output);
    }

    /// <summary>
    /// Tells how long the body is whose request has been read and not its body; null when only the body says so itself:
    /// the address behind it is not looked at.
    /// </summary>
    public void ExpectBody(long? bytes) => _untilRequest = bytes ?? Unknown;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (HasAhead())
        {
            return ValueTask.FromResult(GiveAhead(isCanceled: false));
        }

        var reading = inner.ReadAsync(cancellationToken);
        return reading.IsCompletedSuccessfully ? ValueTask.FromResult(Give(reading.Result)) : WaitAsync(reading);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (HasAhead())
        {
            result = GiveAhead(isCanceled: false);
            return true;
        }

        if (!inner.TryRead(out result))
        {
            return false;
        }

        result = Give(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var consumedBytes = BytesTo(consumed);
        var examinedBytes = Math.Max(consumedBytes, BytesTo(examined));
        var ofAhead = (int)Math.Min(consumedBytes, _ahead.Length);
        if (_givenOfInner is { } more)
        {
            inner.AdvanceTo(
                more.GetPosition(consumedBytes - ofAhead),
                more.GetPosition(Math.Max(0, examinedBytes - _ahead.Length))
            );
        }

        // Not an empty slice, which would hold the whole array for as long as the connection lives.
        _ahead = ofAhead == _ahead.Length ? default : _ahead[ofAhead..];
        _examined = Math.Max(_examined, examinedBytes) - consumedBytes;
        if (consumedBytes > 0 && _untilRequest != Unknown)
        {
            // Once a head has begun, only its end says where the next one does.
            _untilRequest = consumedBytes > _untilRequest ? Unknown : _untilRequest - consumedBytes;
        }

        (_given, _givenOfInner) = (default, null);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    /// <summary>
    /// Bytes of what was given before a position; none before one of nothing, which the server names where it has failed.
    /// </summary>
    private long BytesTo(SequencePosition position) =>
        position.GetObject() is null ? 0 : _given.Slice(_given.Start, position).Length;

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> reading) => Give(await reading);

    /// <summary>Whether there is something to look at without the inner reader.</summary>
    private bool HasAhead()
    {
        if (_untilRequest == 0 && RequestLine.Encode(_ahead.Span) is { } encoded)
        {
            _ahead = encoded;
        }

        return _examined < _ahead.Length;
    }

    private ReadResult GiveAhead(bool isCanceled)
    {
        (_given, _givenOfInner) = (new ReadOnlySequence<byte>(_ahead), null);
        return new ReadResult(_given, isCanceled, isCompleted: false);
    }

    private ReadResult Give(in ReadResult more)
    {
        if (_untilRequest == 0 && TryEncode(more.Buffer))
        {
            return GiveAhead(more.IsCanceled);
        }

        _givenOfInner = more.Buffer;
        _given = _ahead.IsEmpty ? more.Buffer : Join(more.Buffer);
        return new ReadResult(_given, more.IsCanceled, more.IsCompleted && _given.Length <= _examined);
    }

    /// <summary>
    /// Takes the rest of a request line from the inner reader, as far as it has come, if it has to be encoded.
    /// </summary>
    private bool TryEncode(in ReadOnlySequence<byte> more)
    {
        if (RequestLine.IsWhole(_ahead.Span))
        {
            return false;
        }

        var end = more.PositionOf((byte)'\n') is { } newLine ? more.GetPosition(1, newLine) : more.End;
        var rest = more.Slice(0, end);
        if (RequestLine.IsAscii(rest) || RequestLine.Encode([.. _ahead.Span, .. rest.ToArray()]) is not { } encoded)
        {
            return false;
        }

        _ahead = encoded;
        inner.AdvanceTo(end);
        return true;
    }

    private ReadOnlySequence<byte> Join(in ReadOnlySequence<byte> more)
    {
        var first = new Segment(_ahead, 0);
        var last = first;
        foreach (var memory in more)
        {
            last = last.Append(memory);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Pipes(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
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
