using System.Buffers;
using System.Text;
using System.Text.Json;
using Edge.Requests.Bodies;

namespace Edge.Requests.Ingestion;

/// <summary>
/// Judges a large body by its beginning, so that one that is wrong from the start is neither read nor inflated to its
/// end: what is handled in its place is the beginning, in which the API's reader finds the same fault. Thread safe;
/// never throws for input.
/// </summary>
/// <param name="elementBytesMax">Longest object of the body's own array, where a longer one refuses the whole body;
/// null where it does not.</param>
internal sealed class JsonBeginning(int? elementBytesMax)
{
    /// <summary>
    /// Cuts the body to its first bytes when these are wrong already: they are not JSON or nested too deep, whatever
    /// may follow, or an object is too long.
    /// </summary>
    /// <param name="body">At least so many bytes of the body.</param>
    /// <param name="bytes">Length of the beginning.</param>
    /// <param name="longElement">Position of the object that is too long, from 0; null when there is none.</param>
    public bool TryCut(PooledBytes body, int bytes, out int? longElement)
    {
        var beginning = body.Written.Span[..bytes];
        if (!IsRefused(beginning, out longElement))
        {
            return false;
        }

        body.Cut(WholeCharacters(beginning));
        return true;
    }

    private bool IsRefused(ReadOnlySpan<byte> beginning, out int? longElement)
    {
        longElement = null;
        if (beginning.StartsWith("\uFEFF"u8))
        {
            beginning = beginning[3..];
        }

        var json = new Utf8JsonReader(
            beginning,
            isFinalBlock: false,
            new JsonReaderState(new JsonReaderOptions { MaxDepth = BodyReader.DepthMax })
        );
        try
        {
            var isArray = json.Read() && json.TokenType == JsonTokenType.StartArray;
            var elementStart = 0L;
            var elements = 0;
            while (json.Read())
            {
                // Half of all tokens, and asking for the depth is not free.
                if (json.TokenType == JsonTokenType.PropertyName)
                {
                    continue;
                }

                var depth = json.CurrentDepth;
                if (depth == 1)
                {
                    elementStart = json.TokenStartIndex;
                    if (!IsEnd(json.TokenType))
                    {
                        elements++;
                    }
                }
                else if (
                    depth == 2
                    && isArray
                    && !IsStart(json.TokenType)
                    && json.BytesConsumed - elementStart > elementBytesMax
                )
                {
                    longElement = elements - 1;
                    return true;
                }
            }
            return false;
        }
        catch (JsonException)
        {
            return true;
        }
    }

    private static bool IsStart(JsonTokenType token) => token is JsonTokenType.StartObject or JsonTokenType.StartArray;

    private static bool IsEnd(JsonTokenType token) => token is JsonTokenType.EndObject or JsonTokenType.EndArray;

    /// <summary>
    /// Length without a character that is cut at the end: what is left must not look like bytes that are no text.
    /// </summary>
    private static int WholeCharacters(ReadOnlySpan<byte> beginning) =>
        Rune.DecodeLastFromUtf8(beginning, out _, out var cut) == OperationStatus.NeedMoreData
            ? beginning.Length - cut
            : beginning.Length;
}
