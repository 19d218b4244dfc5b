using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Edge.Endpoints.Live;

/// <summary>
/// A request's body that remembers the beginning of what was taken from it. One reader at a time.
/// </summary>
/// <param name="inner">The body.</param>
/// <param name="bytesMax">Most bytes that are remembered.</param>
internal sealed class ObservedBody(PipeReader inner, int bytesMax) : PipeReader, IRequestBodyPipeFeature
{
    private readonly ArrayBufferWriter<byte> _taken = new();
    private ReadOnlySequence<byte> _read;
    private bool _isLonger;

    public PipeReader Reader => this;

    /// <summary>What was taken; null when that was more than is remembered.</summary>
    public ReadOnlyMemory<byte>? Taken => _isLonger ? null : _taken.WrittenMemory;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var result = await inner.ReadAsync(cancellationToken);
        _read = result.Buffer;
        return result;
    }

    public override bool TryRead(out ReadResult result)
    {
        var hasRead = inner.TryRead(out result);
        _read = result.Buffer;
        return hasRead;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        foreach (var piece in _read.Slice(_read.Start, consumed))
        {
            _isLonger |= _taken.WrittenCount + piece.Length > bytesMax;
            if (!_isLonger)
            {
                _taken.Write(piece.Span);
            }
        }

        _read = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);
}
