using System.Text;

namespace Edge.Tests.Requests.Ingestion;

/// <summary>Writes the bodies the tests send and reads back what came of them.</summary>
internal static class Json
{
    public static ReadOnlyMemory<byte> Utf8(string json) => Encoding.UTF8.GetBytes(json);

    public static string Text(ReadOnlyMemory<byte> utf8) => Encoding.UTF8.GetString(utf8.Span);

    /// <summary>An array in an array and so on; with the innermost one, <paramref name="depth"/> of them.</summary>
    public static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    /// <summary>
    /// Text that takes the given number of UTF-16 units, most of them two to a character of four bytes.
    /// </summary>
    public static string Chars(int count) =>
        string.Concat(Enumerable.Repeat("😀", count / 2)) + new string('x', count % 2);
}
