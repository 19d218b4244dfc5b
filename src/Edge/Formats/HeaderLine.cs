using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace Edge.Formats;

/// <summary>
/// One header of a request, each byte held in one char; a header sent twice is two lines. A view of the request's
/// memory.
/// </summary>
/// <param name="Name">Name of the header, in any case.</param>
/// <param name="Value">Its value.</param>
internal readonly record struct HeaderLine(string Name, ReadOnlyMemory<char> Value)
{
    /// <summary>Whether it is the header of this name; names differ in more than case.</summary>
    public bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Room on the stack for the headers of a usual request.</summary>
[InlineArray(Capacity)]
internal struct HeaderLineBuffer
{
    private const int Capacity = 8;

    private HeaderLine _first;
}

/// <summary>
/// Gets the bytes of a header back: the listener hands every byte over as the char of the same number, so that no
/// client is refused for its encoding.
/// </summary>
internal static class HeaderBytes
{
    /// <summary>Writes as many bytes as fit and returns them; the rest of a longer header is cut.</summary>
    public static Span<byte> Narrow(ReadOnlySpan<char> header, Span<byte> destination)
    {
        var length = Math.Min(header.Length, destination.Length);
        if (Ascii.FromUtf16(header[..length], destination, out _) != OperationStatus.Done)
        {
            for (var i = 0; i < length; i++)
            {
                destination[i] = (byte)header[i];
            }
        }

        return destination[..length];
    }

    /// <summary>
    /// The text of a header: UTF-8 when the bytes are, also with the last character cut, else the Latin-1 that it is.
    /// Allocates for bytes beyond ASCII, which browsers do not send.
    /// </summary>
    public static ReadOnlySpan<char> Decode(ReadOnlySpan<char> header)
    {
        if (Ascii.IsValid(header))
        {
            return header;
        }

        var room = new byte[header.Length];
        ReadOnlySpan<byte> bytes = Narrow(header, room);
        var isCut = Rune.DecodeLastFromUtf8(bytes, out _, out var consumed) == OperationStatus.NeedMoreData;
        var whole = isCut ? bytes[..^consumed] : bytes;
        // A single byte at the end that could begin a character is an accented letter, unless others are UTF-8 too.
        return Utf8.IsValid(whole) && !(isCut && Ascii.IsValid(whole)) ? Encoding.UTF8.GetString(whole) : header;
    }
}
