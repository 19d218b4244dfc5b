using System.Buffers;
using System.Text;
using Edge.Formats;

namespace Edge.Commands.Streams;

/// <summary>
/// Passes UTF-8 text on with what a terminal obeys (<see cref="TerminalText"/>, but tab and line feed) as
/// <c>\u001b</c>: what is printed may come from strangers. Inside JSON strings the escape means the same character. Not
/// thread safe.
/// </summary>
internal sealed class ControlEscapes(Stream target) : WriteOnlyStream
{
    private const int SequenceBytesMax = 3;

    /// <summary>First bytes of characters that may be escaped: U+0080 to U+00BF, U+0600 to U+063F, U+2000 to U+2FFF.</summary>
    private const byte Latin = 0xC2;
    private const byte Arabic = 0xD8;
    private const byte Punctuation = 0xE2;

    private static readonly SearchValues<byte> Suspects = SearchValues.Create([
        .. Enumerable.Range(0, 0x20).Where(static c => c is not ('\n' or '\t')).Select(static c => (byte)c),
        0x7F,
        Latin,
        Arabic,
        Punctuation,
    ]);

    /// <summary>The beginning of a character whose other bytes have not come.</summary>
    private readonly byte[] _begun = new byte[SequenceBytesMax];
    private int _begunBytes;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (_begunBytes > 0)
            {
                buffer = Continue(buffer);
                continue;
            }

            var at = buffer.IndexOfAny(Suspects);
            if (at < 0)
            {
                target.Write(buffer);
                return;
            }

            target.Write(buffer[..at]);
            if (buffer[at] < Latin)
            {
                Escape((char)buffer[at]);
            }
            else
            {
                _begun[_begunBytes++] = buffer[at];
            }

            buffer = buffer[(at + 1)..];
        }
    }

    /// <summary>Takes the next byte of the character that has begun; returns what follows.</summary>
    private ReadOnlySpan<byte> Continue(ReadOnlySpan<byte> buffer)
    {
        var isContinued = (buffer[0] & 0xC0) == 0x80;
        if (isContinued)
        {
            _begun[_begunBytes++] = buffer[0];
            buffer = buffer[1..];
            if (_begunBytes < (_begun[0] == Punctuation ? SequenceBytesMax : SequenceBytesMax - 1))
            {
                return buffer;
            }
        }

        var begun = _begun.AsSpan(0, _begunBytes);
        _begunBytes = 0;
        if (isContinued && Rune.DecodeFromUtf8(begun, out var rune, out _) == OperationStatus.Done
            && TerminalText.IsControl((char)rune.Value))
        {
            Escape((char)rune.Value);
        }
        else
        {
            target.Write(begun);
        }

        return buffer;
    }

    private void Escape(char control) => target.Write(Encoding.ASCII.GetBytes($"\\u{(int)control:x4}"));
}
