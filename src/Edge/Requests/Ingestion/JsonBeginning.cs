using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Edge.Requests.Ingestion;

/// <summary>
/// Judges a large body by its beginning, so that one that is wrong from the start is neither read nor inflated to its end: what is handled in
/// its place is the beginning, in which the API's reader finds the same fault. Thread safe; never throws for input.
/// </summary>
/// <param name="elementBytesMax">Longest object of the body's own array, where a longer one refuses the whole body; null where it does not.</param>
internal sealed class JsonBeginning(int? elementBytesMax)
{
    /// <summary>
    /// Cuts the body to its first bytes when these are wrong already: they are not JSON or nested too deep, whatever may follow, or an object
    /// is too long.
    /// </summary>
    public bool TryCut(PooledBytes body, int bytes)
    {
        var beginning = body.Written.Span[..bytes];
        if (!IsRefused(beginning)) return false;
        body.Cut(WholeCharacters(beginning));
        return true;
    }

    private bool IsRefused(ReadOnlySpan<byte> beginning)
    {
        if (beginning.StartsWith("\uFEFF"u8)) beginning = beginning[3..];
        var json = new Utf8JsonReader(beginning, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = BodyReader.DepthMax }));
        try
        {
            var isArray = json.Read() && json.TokenType == JsonTokenType.StartArray;
            var elementStart = 0L;
            while (json.Read())
            {
                if (json.CurrentDepth == 1) elementStart = json.TokenStartIndex;
                else if (isArray && json.CurrentDepth == 2 && IsValue(json.TokenType) && json.BytesConsumed - elementStart > elementBytesMax) return true;
            }
            return false;
        }
        catch (JsonException)
        {
            return true;
        }
    }

    /// <summary>Whether a value ends with the token.</summary>
    private static bool IsValue(JsonTokenType token) =>
        token is not (JsonTokenType.PropertyName or JsonTokenType.StartObject or JsonTokenType.StartArray);

    /// <summary>Length without a character that is cut at the end: what is left must not look like bytes that are no text.</summary>
    private static int WholeCharacters(ReadOnlySpan<byte> beginning) =>
        Rune.DecodeLastFromUtf8(beginning, out _, out var cut) == OperationStatus.NeedMoreData ? beginning.Length - cut : beginning.Length;
}
