using System.Buffers;

namespace Edge.Transport;

/// <summary>
/// The first line of a request (RFC 9112 section 3) that may have bytes beyond ASCII in its target. Pure.
/// </summary>
internal static class RequestLine
{
    private static ReadOnlySpan<byte> HexDigits => "0123456789ABCDEF"u8;

    /// <summary>Whether these bytes hold all of the line.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> bytes) => bytes.Contains((byte)'\n');

    public static bool IsAscii(in ReadOnlySequence<byte> bytes)
    {
        foreach (var memory in bytes)
        {
            if (!System.Text.Ascii.IsValid(memory.Span))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// The bytes with those beyond ASCII percent-encoded in the target of their first line, which is a path and perhaps
    /// a query; null when there are none, or no such target.
    /// </summary>
    /// <param name="bytes">Bytes that begin with a request, perhaps with more than its line, or with less.</param>
    public static byte[]? Encode(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)'\n');
        var line = end < 0 ? bytes : bytes[..end];
        var target = line.IndexOf(" /"u8);
        if (target < 0 || System.Text.Ascii.IsValid(line[target..]))
        {
            return null;
        }

        var encoded = new ArrayBufferWriter<byte>(bytes.Length + (2 * line.Length));
        encoded.Write(line[..target]);
        foreach (var value in line[target..])
        {
            if (System.Text.Ascii.IsValid(value))
            {
                encoded.Write([value]);
            }
            else
            {
                encoded.Write([(byte)'%', HexDigits[value >> 4], HexDigits[value & 0xF]]);
            }
        }

        encoded.Write(bytes[line.Length..]);
        return encoded.WrittenSpan.ToArray();
    }
}
