using System.Text;
using Edge.Requests.Bodies;
using Edge.Requests.Ingestion;
using Xunit;

namespace Edge.Tests.Requests.Ingestion;

/// <summary>
/// Which bodies are refused by their beginning, and what is left of them: nothing that a whole body would be taken for.
/// </summary>
public class JsonBeginningTests
{
    private const int ElementBytesMax = 100;

    public static TheoryData<string, string, int, bool> Beginnings() =>
        new()
        {
            { "an array that goes on", """[{"a":1},{"a":"bc""", 0, false },
            { "an array that is over", """[{"a":1}]""", 0, false },
            { "a text that goes on", "[{\"a\":\"" + new string('x', 500), 0, false },
            { "a number that goes on", "[1", 0, false },
            { "nothing but space", new string(' ', 50), 0, false },
            { "a mark and an array", "\uFEFF[{", 0, false },
            { "the deepest that is read", new string('[', 64), 0, false },
            { "deeper", new string('[', 65), 0, true },
            { "deeper objects", string.Concat(Enumerable.Repeat("{\"a\":", 65)), 0, true },
            { "no JSON", "[{a:1", 0, true },
            { "a comma too many", "[1,,", 0, true },
            { "something behind the end", "[1] 2", 0, true },
            { "an element of members that is too long", Element(30), ElementBytesMax, true },
            { "an element of members, no limit", Element(30), 0, false },
            {
                "elements that are short enough",
                $"[{string.Concat(Enumerable.Repeat("{\"a\":1},", 40))}",
                ElementBytesMax,
                false
            },
            { "an object of members is no element", Element(30)[1..], ElementBytesMax, false },
            { "a long value that is not over", "[{\"a\":{\"b\":\"" + new string('x', 200), ElementBytesMax, false },
        };

    [Theory]
    [MemberData(nameof(Beginnings))]
    public void Beginning_ByItsContent_IsCutWhenItIsWrong(string row, string beginning, int elementBytesMax, bool isCut)
    {
        var bytes = Encoding.UTF8.GetBytes(beginning);
        using var body = new PooledBytes(null);
        body.TryAppend(bytes);
        body.TryAppend("0123456789"u8);

        var actual = new JsonBeginning(elementBytesMax == 0 ? null : elementBytesMax).TryCut(body, bytes.Length, out _);

        Assert.True(actual == isCut, row);
        Assert.Equal(isCut ? bytes.Length : bytes.Length + 10, body.Length);
    }

    [Fact]
    public void Beginning_ThatEndsWithinACharacter_IsCutBeforeIt()
    {
        using var body = new PooledBytes(null);
        body.TryAppend("[a \u20AC\u20AC"u8);

        Assert.True(new JsonBeginning(null).TryCut(body, body.Length - 1, out _));

        Assert.Equal("[a \u20AC", Encoding.UTF8.GetString(body.Written.Span));
    }

    [Fact]
    public void Beginning_WithALongElement_NamesItsPosition()
    {
        using var body = new PooledBytes(null);
        body.TryAppend(Encoding.UTF8.GetBytes("[{\"a\":[{}]},[1],3," + Element(30)[1..]));

        Assert.True(new JsonBeginning(ElementBytesMax).TryCut(body, body.Length, out var longElement));

        Assert.Equal(3, longElement);
    }

    private static string Element(int members) =>
        $"[{{{string.Concat(Enumerable.Range(0, members).Select(n => $"\"{n}\":0,"))}";
}
