using System.Runtime.CompilerServices;

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
        for (var i = 0; i < length; i++)
        {
            destination[i] = (byte)header[i];
        }

        return destination[..length];
    }
}
