using Edge.Requests.Bodies;
using Edge.Requests.Ingestion;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Edge.Endpoints;

/// <summary>What a route takes.</summary>
/// <param name="BytesMax">Most bytes, as sent and inflated.</param>
internal sealed record BodyRules(int BytesMax)
{
    /// <summary>Whether <c>text/plain</c> is read as JSON too: what browsers send without asking first.</summary>
    public bool TakesText { get; init; }

    /// <summary>What all bodies together may take; null for routes only their owner can reach.</summary>
    public ByteBudget? Budget { get; init; }

    /// <summary>Whose turns a large body waits for; null likewise.</summary>
    public LargeBodies? Large { get; init; }

    /// <summary>How the beginning of a large body is judged.</summary>
    public JsonBeginning Beginning { get; init; } = new(elementBytesMax: null);
}

/// <summary>A body as it was received.</summary>
/// <param name="Bytes">The bytes, inflated; empty when there is a fault. Pooled: they must not be read once the
/// handler has ended.</param>
/// <param name="Fault">Why it could not be taken.</param>
/// <param name="LongEvent">Position of an event that is known to be too long for the API; null without one.</param>
/// <param name="Source">Where it comes from.</param>
internal readonly record struct ReceivedBody(
    ReadOnlyMemory<byte> Bytes,
    BodyFault Fault,
    int? LongEvent,
    ArrivingBody Source
)
{
    /// <summary>
    /// Takes memory of the budget for what the handler makes of the body, until it has ended; false when there is not
    /// enough, which is <see cref="BodyFault.Busy"/>.
    /// </summary>
    public bool TryReserve(long bytes) => Source.TryReserve(bytes);
}

/// <summary>
/// Reads the body of a request whole, within bounds: the declared length is refused before a byte is read, an
/// undeclared one where it passes the limit, and gzip is inflated no further than the limit, so a small body cannot
/// become a large one (spec 1.4).
/// </summary>
internal static class RequestBody
{
    /// <summary>What a body is that cannot be read, for the words of each API.</summary>
    public const string Unreadable = "incomplete, badly chunked or not valid gzip";

    private const string Json = "application/json";
    private const string Text = "text/plain";

    /// <summary>Labels of UTF-8 (Encoding standard) and of its part US-ASCII (IANA).</summary>
    private static readonly string[] Utf8OrAscii =
    [
        "utf-8",
        "utf8",
        "unicode-1-1-utf-8",
        "unicode11utf8",
        "unicode20utf8",
        "x-unicode20utf8",
        "csutf8",
        "us-ascii",
        "ascii",
        "us",
        "csascii",
        "iso646-us",
        "iso_646.irv:1991",
        "iso-ir-6",
        "ansi_x3.4-1968",
        "ansi_x3.4-1986",
        "ibm367",
        "cp367",
    ];

    /// <summary>
    /// Lets the listener take bodies. Routes that read none leave its limit low. It is higher than ours, so that a body
    /// that is somewhat too long, or comes with a bad key, is drained and its sender reads the refusal instead of a
    /// broken pipe.
    /// </summary>
    public static void Expect(HttpContext context, BodyRules rules)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = 2L * rules.BytesMax;
        }
    }

    /// <summary>
    /// The status of the answer to a body that could not be taken, and the headers that go with it (spec 1.4). The
    /// words are each API's own.
    /// </summary>
    public static int Refuse(HttpContext context, BodyFault fault)
    {
        switch (fault)
        {
            case BodyFault.TooLarge:
                return StatusCodes.Status413PayloadTooLarge;
            case BodyFault.UnsupportedType:
                return StatusCodes.Status415UnsupportedMediaType;
            case BodyFault.UnsupportedEncoding:
                context.Response.Headers.AcceptEncoding = "gzip";
                return StatusCodes.Status415UnsupportedMediaType;
            case BodyFault.Busy:
                context.Response.Headers.RetryAfter = "1";
                return StatusCodes.Status503ServiceUnavailable;
            default:
                return StatusCodes.Status400BadRequest;
        }
    }

    /// <summary>
    /// Reads the body and has it handled, or why it could not be taken; a large one in a turn of its own.
    /// </summary>
    public static async Task ReadAsync(HttpContext context, BodyRules rules, Func<ReceivedBody, Task> handle)
    {
        Expect(context, rules);
        var fault = Judge(context.Request, rules, out var isGzip);
        using var body = new ArrivingBody(rules, isGzip, context.Request.ContentLength);
        if (fault == BodyFault.None)
        {
            fault = await ReadToEndAsync(context.Request, body);
        }

        if (fault == BodyFault.None && !body.WantsTurn)
        {
            fault = body.Inflate(hasTurn: false);
        }

        if (fault != BodyFault.None || !body.WantsTurn)
        {
            await handle(Received(body, fault));
        }
        else if (!await rules.Large!.TryRunAsync(() => handle(Received(body, body.Inflate(hasTurn: true)))))
        {
            await handle(Received(body, BodyFault.Busy));
        }
    }

    /// <summary>The bytes in memory of their own, for callers that keep views of them, or why not.</summary>
    public static async ValueTask<(ReadOnlyMemory<byte> Bytes, BodyFault Problem)> ReadCopyAsync(
        HttpContext context,
        BodyRules rules
    )
    {
        (ReadOnlyMemory<byte>, BodyFault) copy = default;
        await ReadAsync(
            context,
            rules,
            body =>
            {
                copy = (body.Bytes.ToArray(), body.Fault);
                return Task.CompletedTask;
            }
        );
        return copy;
    }

    private static ReceivedBody Received(ArrivingBody body, BodyFault fault) =>
        new(fault == BodyFault.None ? body.Bytes : default, fault, body.LongEvent, body);

    /// <summary>Reads the body, or only its beginning when that is wrong already.</summary>
    private static async ValueTask<BodyFault> ReadToEndAsync(HttpRequest request, ArrivingBody body)
    {
        var reader = request.BodyReader;
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync();
                var fault = body.Take(result.Buffer);
                reader.AdvanceTo(result.Buffer.End);
                if (fault != BodyFault.None || body.IsCut)
                {
                    return fault;
                }

                if (result.IsCanceled)
                {
                    return BodyFault.Incomplete;
                }

                if (result.IsCompleted)
                {
                    return BodyFault.None;
                }
            }
        }
        catch (BadHttpRequestException e)
        {
            return e.StatusCode == StatusCodes.Status413PayloadTooLarge ? BodyFault.TooLarge : BodyFault.Incomplete;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException { InnerException: OverflowException })
        {
            // The listener's words for a trailer or a length of a chunk that it cannot read. What follows cannot be told
            // from the body.
            request.HttpContext.Response.Headers.Connection = "close";
            return BodyFault.Incomplete;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The connection is gone; the response cannot be delivered. The listener must not drain the rest: after a
            // reset its reader still counts as reading.
            request.HttpContext.Abort();
            return BodyFault.Incomplete;
        }
    }

    private static BodyFault Judge(HttpRequest request, BodyRules rules, out bool isGzip)
    {
        isGzip = false;
        if (!IsJson(request.ContentType, rules))
        {
            return BodyFault.UnsupportedType;
        }

        if (!TryCoding(request, out isGzip))
        {
            return BodyFault.UnsupportedEncoding;
        }

        if (request.ContentLength > rules.BytesMax)
        {
            return BodyFault.TooLarge;
        }

        // Known before a byte of it is read. It is taken as it comes: an announcement alone must not take it from others.
        return rules.Budget?.HasRoomFor(request.ContentLength ?? 0) is false ? BodyFault.Busy : BodyFault.None;
    }

    /// <summary>A missing type is taken for JSON: many small senders leave it out.</summary>
    private static bool IsJson(string? contentType, BodyRules rules)
    {
        if (string.IsNullOrEmpty(contentType) || contentType == Json)
        {
            return true;
        }

        if (!MediaTypeHeaderValue.TryParse(contentType, out var type))
        {
            return false;
        }

        var isKnown =
            type.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase)
            || (rules.TakesText && type.MediaType.Equals(Text, StringComparison.OrdinalIgnoreCase));
        return isKnown
            && (!type.Charset.HasValue || IsUtf8OrAscii(HeaderUtilities.RemoveQuotes(type.Charset)));
    }

    private static bool IsUtf8OrAscii(StringSegment charset)
    {
        foreach (var label in Utf8OrAscii)
        {
            if (charset.Equals(label, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryCoding(HttpRequest request, out bool isGzip)
    {
        var coding = request.Headers.ContentEncoding.ToString().Trim();
        isGzip =
            coding.Equals("gzip", StringComparison.OrdinalIgnoreCase)
            || coding.Equals("x-gzip", StringComparison.OrdinalIgnoreCase);
        return isGzip || coding.Length == 0 || coding.Equals("identity", StringComparison.OrdinalIgnoreCase);
    }
}
