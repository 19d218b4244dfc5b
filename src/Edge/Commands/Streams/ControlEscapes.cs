using System.Buffers;

namespace Edge.Commands.Streams;

/// <summary>
/// Passes UTF-8 text on with its control characters (C0 but tab and line feed, DEL, C1) as <c>\u001b</c>: what is
/// printed may come from strangers, and a terminal obeys such bytes. Inside JSON strings the escape means the same
/// character. Not thread safe.
/// </summary>
internal sealed class ControlEscapes(Stream target) : WriteOnlyStream
{
    /// <summary>First byte of U+0080 to U+00BF in UTF-8.</summary>
    private const byte Lead = 0xC2;

    private static readonly SearchValues<byte> Suspects = SearchValues.Create([
        .. Enumerable.Range(0, 0x20).Where(static c => c is not ('\n' or '\t')).Select(static c => (byte)c),
        0x7F,
        Lead,
    ]);

    private bool _hasLead;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (_hasLead)
            {
                _hasLead = false;
                if (buffer[0] is >= 0x80 and < 0xA0)
                {
                    Escape(buffer[0]);
                    buffer = buffer[1..];
                    continue;
                }

                target.WriteByte(Lead);
            }

            var at = buffer.IndexOfAny(Suspects);
            if (at < 0)
            {
                target.Write(buffer);
                return;
            }

            target.Write(buffer[..at]);
            if (buffer[at] == Lead)
            {
                _hasLead = true;
            }
            else
            {
                Escape(buffer[at]);
            }

            buffer = buffer[(at + 1)..];
        }
    }

    private void Escape(byte control)
    {
        var hex = "0123456789abcdef"u8;
        target.Write([(byte)'\\', (byte)'u', (byte)'0', (byte)'0', hex[control >> 4], hex[control & 15]]);
    }
}
