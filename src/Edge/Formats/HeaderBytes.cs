namespace Edge.Formats;

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
