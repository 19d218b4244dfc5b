using System.Buffers;
using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Edge.Endpoints;

/// <summary>Why a body could not be taken.</summary>
internal enum BodyProblem
{
    /// <summary>It was taken.</summary>
    None,

    /// <summary>It is longer than the route takes, as sent or inflated: 413.</summary>
    TooLarge,

    /// <summary>It is not JSON in UTF-8 by its own words: 415.</summary>
    UnsupportedType,

    /// <summary>It is coded in a way the route does not read: 415 with Accept-Encoding.</summary>
    UnsupportedEncoding,

    /// <summary>It ended early or is not what its coding says: 400.</summary>
    Incomplete,
}

/// <summary>What a route takes.</summary>
/// <param name="BytesMax">Most bytes, as sent and inflated.</param>
internal sealed record BodyRules(int BytesMax);

/// <summary>
/// Reads the body of a request whole, within bounds: the declared length is refused before a byte is read, an undeclared one where it
/// passes the limit, and gzip is inflated no further than the limit, so a small body cannot become a large one (spec 1.4).
/// </summary>
internal static class RequestBody
{
    private const int ChunkBytes = 16 * 1024;

    /// <summary>The bytes, or why not. Throws only when the connection is gone.</summary>
    public static async ValueTask<(ReadOnlyMemory<byte> Bytes, BodyProblem Problem)> ReadAsync(HttpContext context, BodyRules rules)
    {
        var request = context.Request;
        // Routes that read no body leave the listener's limit at 0. Here it is higher than ours, so that a body that is somewhat too long is
        // drained and its sender reads the refusal instead of a broken pipe.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = 2L * rules.BytesMax;
        if (!IsJson(request.ContentType)) return (default, BodyProblem.UnsupportedType);
        if (!TryCoding(request, out var isGzip)) return (default, BodyProblem.UnsupportedEncoding);
        if (request.ContentLength > rules.BytesMax) return (default, BodyProblem.TooLarge);

        try
        {
            await using var inflated = isGzip ? new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true) : null;
            return await ReadToEndAsync(inflated ?? request.Body, rules.BytesMax, context.RequestAborted);
        }
        catch (BadHttpRequestException e)
        {
            return (default, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? BodyProblem.TooLarge : BodyProblem.Incomplete);
        }
        catch (InvalidDataException)
        {
            return (default, BodyProblem.Incomplete);
        }
    }

    private static async ValueTask<(ReadOnlyMemory<byte> Bytes, BodyProblem Problem)> ReadToEndAsync(
        Stream stream, int bytesMax, CancellationToken aborted)
    {
        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await stream.ReadAsync(body.GetMemory(ChunkBytes), aborted);
            if (read == 0) return (body.WrittenMemory, BodyProblem.None);
            body.Advance(read);
            if (body.WrittenCount > bytesMax) return (default, BodyProblem.TooLarge);
        }
    }

    /// <summary>A missing type is taken for JSON: many small senders leave it out.</summary>
    private static bool IsJson(string? contentType)
    {
        if (string.IsNullOrEmpty(contentType)) return true;
        if (!MediaTypeHeaderValue.TryParse(contentType, out var type)) return false;
        return type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));
    }

    private static bool TryCoding(HttpRequest request, out bool isGzip)
    {
        var coding = request.Headers.ContentEncoding.ToString().Trim();
        isGzip = coding.Equals("gzip", StringComparison.OrdinalIgnoreCase);
        return isGzip || coding.Length == 0 || coding.Equals("identity", StringComparison.OrdinalIgnoreCase);
    }
}
