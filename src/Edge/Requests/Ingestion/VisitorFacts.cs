using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Edge.Requests.Ingestion;

/// <summary>
/// What a server says of its visitor in the member <c>context</c>: <c>ip</c> and <c>user_agent</c>. It belongs to
/// whoever may say so, so nothing here is an error: what is no text is not said.
/// </summary>
/// <param name="Address">The address; empty when it is not said.</param>
/// <param name="UserAgent">The user agent; empty when it is not said.</param>
internal readonly record struct VisitorFacts(ReadOnlyMemory<byte> Address, ReadOnlyMemory<byte> UserAgent)
{
    /// <summary>Longest text that is read, bytes; a longer one is not said.</summary>
    public const int BytesMax = 2_048;

    /// <summary>Reads the raw value of the member, valid JSON; empty when it was not sent.</summary>
    public static VisitorFacts Read(ReadOnlySpan<byte> context)
    {
        if (context.IsEmpty)
        {
            return default;
        }
        var reader = new Utf8JsonReader(context);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return default;
        }
        var facts = default(VisitorFacts);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isAddress = reader.ValueTextEquals("ip"u8);
            var isAgent = reader.ValueTextEquals("user_agent"u8);
            reader.Read();
            if (isAddress)
            {
                facts = facts with { Address = Text(reader) };
            }
            else if (isAgent)
            {
                facts = facts with { UserAgent = Text(reader) };
            }
            reader.Skip();
        }
        return facts;
    }

    /// <summary>
    /// The value of the member without both; as it is when it has neither or is no object. Valid JSON.
    /// </summary>
    public static ReadOnlySpan<byte> Without(ReadOnlySpan<byte> context)
    {
        var reader = new Utf8JsonReader(context);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return context;
        }

        var kept = new ArrayBufferWriter<byte>(context.Length);
        var isCut = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var isFact = reader.ValueTextEquals("ip"u8) || reader.ValueTextEquals("user_agent"u8);
            reader.Read();
            reader.Skip();
            isCut |= isFact;
            if (!isFact)
            {
                kept.Write(kept.WrittenCount == 0 ? "{"u8 : ","u8);
                kept.Write(context[start..(int)reader.BytesConsumed]);
            }
        }

        if (!isCut)
        {
            return context;
        }

        kept.Write(kept.WrittenCount == 0 ? "{}"u8 : "}"u8);
        return kept.WrittenSpan;
    }

    private static byte[] Text(in Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > BytesMax)
        {
            return [];
        }
        try
        {
            return Encoding.UTF8.GetBytes(reader.GetString()!);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return [];
        }
    }
}
