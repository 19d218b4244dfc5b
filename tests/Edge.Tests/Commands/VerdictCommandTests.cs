using Edge.Commands.Filters;
using Edge.Settings;
using Xunit;

namespace Edge.Tests.Commands;

public class VerdictCommandTests
{
    [Fact]
    public void Requests_EachLine_GivesOneJsonLine()
    {
        const string Input = """
            {"user_agent":"Mozilla/5.0 (X11; Linux x86_64)","ip":"40.94.1.1","kind":"pixel"}
            {"user_agent":"Mozilla/5.0 (X11; Linux x86_64)","ip":"40.94.1.1","kind":"click"}
            {"user_agent":"curl/8.5.0"}

            {"user_agent":"Mozilla/5.0 (X11)","headers":{"sec-purpose":"prefetch"}}
            {}
            """;

        Assert.Equal(
            (
                0,
                """
                {"verdict":"proxy","reason":"microsoft_image_proxy","certainty":"probable","shadow":null}
                {"verdict":"scanner","reason":"microsoft_link_scan","certainty":"probable","shadow":null}
                {"verdict":"human","reason":"","certainty":null,"shadow":"bot:http_tool"}
                {"verdict":"prefetch","reason":"sec_purpose","certainty":"certain","shadow":null}
                {"verdict":"unknown","reason":"no_user_agent","certainty":"certain","shadow":"bot:empty_user_agent"}

                """,
                ""
            ),
            Run(Input)
        );
    }

    [Theory]
    [InlineData("no object", "[]")]
    [InlineData("no address", """{"ip":"localhost"}""")]
    [InlineData("no kind of ours", """{"kind":"email"}""")]
    [InlineData("no text", """{"user_agent":5}""")]
    [InlineData("no headers", """{"headers":[]}""")]
    public void Request_ThatIsNone_IsNamedAndTheRestAnswered(string row, string line)
    {
        var (code, output, error) = Run(line + "\n{}");

        Assert.Equal((row, 1, 1), (row, code, output.Split('\n').Length - 1));
        Assert.StartsWith("edge verdict: line 1: must be", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("curl/8", "is not valid JSON at column 1: 'c' is not expected here")]
    [InlineData("""{"ip":}""", "is not valid JSON at column 7: ")]
    [InlineData("""{"user_agent":"\ud800"}""", "has half of a surrogate pair in a string at column 15")]
    public void Line_ThatIsNoJson_IsNamedWithColumnAndCause(string line, string problem)
    {
        var (verdict, _, verdictError) = Run("{}\n" + line);
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var source = SourceCommand.Run(new StringReader("{}\n" + line), output, error);

        Assert.Equal((1, 1), (verdict, source));
        Assert.StartsWith("edge verdict: line 2: " + problem, verdictError, StringComparison.Ordinal);
        Assert.StartsWith("edge source: line 2: " + problem, error.ToString(), StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Run(string input)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var code = VerdictCommand.Run(new EdgeOptions(), new StringReader(input), output, error);
        return (code, output.ToString(), error.ToString());
    }
}
