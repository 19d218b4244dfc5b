using Edge.Access;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Formats;

/// <summary>
/// What is said about files that are not the JSON they should be: place and cause, never the library's words.
/// </summary>
public class JsonProblemTests
{
    [Theory]
    [InlineData("not closed", "{\"keys\": [", "is not valid JSON at line 1, column 11: it ends too early")]
    [InlineData("empty", "", "is not valid JSON at line 1, column 1: it ends too early")]
    [InlineData("a comma too many", "{\n\"keys\": [],\n}", "line 3, column 1: the comma before this is one too many")]
    [InlineData("a comma missing", "{\"ä\": 1\n\"b\": 2}", "line 2, column 1: a comma or a colon is missing")]
    [InlineData("no quotation marks", "{keys: []}", "column 2: 'k' is not expected here; texts and names are written")]
    [InlineData("a comment", "{ // keys\n}", "column 3: a comment is not allowed here")]
    [InlineData("a line end in a text", "{\"keys\": \"a\nb\"}", "a line end or another control character")]
    [InlineData("a wrong escape", "{\"keys\": \"\\x\"}", "is not valid JSON at line 1, column ")]
    [InlineData("two documents", "{\"keys\": []} {}", "is not valid JSON at line 1, column 14")]
    [InlineData("another type", "{\"keys\": 5}", "has a value of the wrong kind at line 1, column ")]
    [InlineData("another type within", "{\"keys\": [\n{\"id\": 5}]}", "(keys[0].id)")]
    public void KeyFile_ThatIsNoJson_IsNamedWithPlaceAndCause(string row, string json, string expected)
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["keys.json"], json);

        var message = Assert.Throws<IOException>(() => new KeyFile(directory["keys.json"]).Read()).Message;

        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Equal((row, true), (row, message.Contains(directory["keys.json"], StringComparison.Ordinal)));
        // The directory has a random name.
        Assert.DoesNotMatch("LineNumber|BytePosition|System\\.|Edge\\.|0x", message.Replace(directory.Path, "", StringComparison.Ordinal));
    }

    [Fact]
    public void KeyFile_WithAMark_IsRead()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["keys.json"], "\uFEFF{\"keys\": []}");

        Assert.Empty(new KeyFile(directory["keys.json"]).Read());
    }
}
