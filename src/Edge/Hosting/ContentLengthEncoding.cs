using System.Text;

namespace Edge.Hosting;

/// <summary>
/// How the value of <c>Content-Length</c> reaches the listener's number parser, which also takes signs and blanks:
/// digits as they are, everything else as a character that no number has (RFC 9112 section 6.2: <c>1*DIGIT</c>).
/// Immutable and thread safe.
/// </summary>
internal sealed class ContentLengthEncoding : Encoding
{
    private const char NoDigit = 'x';

    public static readonly ContentLengthEncoding Instance = new();

    /// <summary>A value that is longer than there is room for is longer than any number.</summary>
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        var length = Math.Min(bytes.Length, chars.Length);
        for (var i = 0; i < length; i++)
        {
            chars[i] = char.IsAsciiDigit((char)bytes[i]) ? (char)bytes[i] : NoDigit;
        }

        return length;
    }

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    public override int GetMaxCharCount(int byteCount) => byteCount;

    public override int GetByteCount(char[] chars, int index, int count) => count;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetMaxByteCount(int charCount) => charCount;
}
