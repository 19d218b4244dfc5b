using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Primitives;

namespace Edge.Endpoints;

/// <summary>
/// The constant answers and headers of the tracking routes. Values are made once; applying them allocates nothing.
/// </summary>
internal static class Replies
{
    // Repeat opens must reach us: some mail proxies honour only one of these headers (spec 4.1).
    private static readonly StringValues NoStore = "no-cache, no-store, must-revalidate, private, max-age=0";
    private static readonly StringValues NoStoreAlone = "no-store";
    private static readonly StringValues PermanentRedirect = "private, max-age=90";
    private static readonly StringValues NoCache = "no-cache";
    private static readonly StringValues Zero = "0";
    private static readonly StringValues NoSniff = "nosniff";
    private static readonly StringValues CrossOrigin = "cross-origin";
    private static readonly StringValues AnyOrigin = "*";
    private static readonly StringValues NoIndex = "noindex";
    private static readonly StringValues ImageGif = "image/gif";

    /// <summary>Served as JSON and never as HTML, so only what JSON itself requires is escaped.</summary>
    public static readonly JsonWriterOptions JsonOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Longest buffer that a thread keeps for its next answer.</summary>
    private const int KeptBytesMax = 64 << 10;

    /// <summary>Bytes of a long answer that the client has to take before the next are written.</summary>
    private const int PieceBytes = 32 << 10;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _bodyOfThread;

    [ThreadStatic]
    private static Utf8JsonWriter? _jsonOfThread;

    /// <summary>A transparent GIF89a of one pixel (spec 10): the smallest image every mail client shows.</summary>
    public static ReadOnlySpan<byte> Pixel =>
        [
            0x47,
            0x49,
            0x46,
            0x38,
            0x39,
            0x61,
            0x01,
            0x00,
            0x01,
            0x00,
            0xF0,
            0x00,
            0x00,
            0xFF,
            0xFF,
            0xFF,
            0x00,
            0x00,
            0x00,
            0x21,
            0xF9,
            0x04,
            0x05,
            0x00,
            0x00,
            0x00,
            0x00,
            0x2C,
            0x00,
            0x00,
            0x00,
            0x00,
            0x01,
            0x00,
            0x01,
            0x00,
            0x00,
            0x02,
            0x02,
            0x44,
            0x01,
            0x00,
            0x3B,
        ];

    /// <summary>Writes the pixel answer: 200, its headers and, unless the method is HEAD, its bytes.</summary>
    public static void WritePixel(HttpResponse response, bool isHead)
    {
        response.StatusCode = StatusCodes.Status200OK;
        var headers = response.Headers;
        headers.ContentType = ImageGif;
        headers.ContentLength = Pixel.Length;
        ForbidCaching(headers);
        headers["Cross-Origin-Resource-Policy"] = CrossOrigin;
        headers.AccessControlAllowOrigin = AnyOrigin;
        headers["X-Robots-Tag"] = NoIndex;
        if (isHead)
        {
            return;
        }

        var body = response.BodyWriter;
        Pixel.CopyTo(body.GetSpan(Pixel.Length));
        body.Advance(Pixel.Length);
    }

    /// <summary>
    /// Writes the redirect: the stored destination and an empty body. A permanent one may be kept by the browser for a
    /// moment; without a limit it would never ask again, and neither count nor see a change.
    /// </summary>
    public static void WriteRedirect(
        HttpResponse response,
        in StringValues location,
        int status = StatusCodes.Status302Found
    )
    {
        response.StatusCode = status;
        var headers = response.Headers;
        headers.Location = location;
        headers.ContentLength = 0;
        if (status is StatusCodes.Status301MovedPermanently or StatusCodes.Status308PermanentRedirect)
        {
            headers.CacheControl = PermanentRedirect;
        }
        else
        {
            ForbidCaching(headers);
        }

        headers["X-Robots-Tag"] = NoIndex;
    }

    /// <summary>Answers what was posted to pixel or click: 204, nothing to show.</summary>
    public static void WriteCounted(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status204NoContent;
        ForbidCaching(response.Headers);
        response.Headers.AccessControlAllowOrigin = AnyOrigin;
    }

    /// <summary>
    /// Refuses a load ahead of the visit, 503 without a body: the browser keeps nothing and asks again at the visit.
    /// </summary>
    public static void WriteAskAgain(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        response.Headers.CacheControl = NoStoreAlone;
        response.Headers.ContentLength = 0;
    }

    /// <summary>Writes 200 (or what the status is already) with one JSON object that no cache keeps.</summary>
    public static Task WriteJsonAsync(HttpContext context, Action<Utf8JsonWriter> writeMembers)
    {
        ForbidCaching(context.Response.Headers);
        return WriteJsonAsync(context, "application/json", writeMembers);
    }

    /// <summary>Writes one JSON object with its length; for HEAD only the headers.</summary>
    public static Task WriteJsonAsync(HttpContext context, string contentType, Action<Utf8JsonWriter> writeMembers)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(body, JsonOptions))
        {
            json.WriteStartObject();
            writeMembers(json);
            json.WriteEndObject();
        }
        return WriteBodyAsync(context, contentType, body.WrittenMemory);
    }

    /// <summary>Writes a body with its length; for HEAD only the headers.</summary>
    public static Task WriteBodyAsync(HttpContext context, string contentType, ReadOnlyMemory<byte> body)
    {
        var response = context.Response;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        return RequestMethod.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : response.Body.WriteAsync(body).AsTask();
    }

    /// <summary>
    /// Writes one JSON object with its length into the answer's own buffer, allocating nothing but what the state
    /// needs; for HEAD only the headers. No cache keeps it.
    /// </summary>
    public static void WriteJson<TState>(HttpContext context, TState state, Action<Utf8JsonWriter, TState> writeMembers)
    {
        var body = _bodyOfThread ??= new ArrayBufferWriter<byte>(512);
        var json = _jsonOfThread ??= new Utf8JsonWriter(body, JsonOptions);
        body.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
        writeMembers(json, state);
        json.WriteEndObject();
        json.Flush();
        var response = context.Response;
        ForbidCaching(response.Headers);
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        if (RequestMethod.IsHead(context.Request.Method))
        {
            return;
        }

        Write(context, body.WrittenSpan);
        if (body.Capacity > KeptBytesMax)
        {
            (_bodyOfThread, _jsonOfThread) = (null, null);
        }
    }

    /// <summary>
    /// Writes JSON that is there already, no faster than the client takes it. No cache keeps it.
    /// </summary>
    public static async Task WriteJsonInPiecesAsync(HttpContext context, ReadOnlyMemory<byte> json)
    {
        var response = context.Response;
        ForbidCaching(response.Headers);
        response.ContentType = "application/json";
        response.ContentLength = json.Length;
        while (!json.IsEmpty && !context.RequestAborted.IsCancellationRequested)
        {
            var piece = json[..Math.Min(json.Length, PieceBytes)];
            await response.BodyWriter.WriteAsync(piece, context.RequestAborted);
            json = json[piece.Length..];
        }
    }

    /// <summary>Keeps a browser from taking an answer for something else than its type says.</summary>
    public static void ForbidSniffing(IHeaderDictionary headers) => headers.XContentTypeOptions = NoSniff;

    /// <summary>Sets the headers that keep an answer out of every cache.</summary>
    public static void ForbidCaching(IHeaderDictionary headers)
    {
        headers.CacheControl = NoStore;
        headers.Pragma = NoCache;
        headers.Expires = Zero;
    }

    /// <summary>Writes the body of an answer; nothing more once the client has gone.</summary>
    private static void Write(HttpContext context, ReadOnlySpan<byte> bytes)
    {
        var writer = context.Response.BodyWriter;
        while (!bytes.IsEmpty && !context.RequestAborted.IsCancellationRequested)
        {
            var room = writer.GetSpan(1);
            var count = Math.Min(room.Length, bytes.Length);
            bytes[..count].CopyTo(room);
            writer.Advance(count);
            bytes = bytes[count..];
        }
    }
}
