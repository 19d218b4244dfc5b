namespace Edge.Endpoints;

/// <summary>
/// What RFC 9112 section 6.1 asks of a server about <c>Transfer-Encoding</c> and the listener does not do. Pure.
/// </summary>
internal static class RequestFraming
{
    private const string Chunked = "chunked";

    /// <summary>
    /// Null when the body can be read; otherwise the answer: 501 for a coding other than <c>chunked</c>, of which the
    /// listener would take the last alone. HTTP/1.0 does not know the header, so a message that has it may be framed
    /// differently by somebody in between, and its connection ends with the answer.
    /// </summary>
    public static Task? Refuse(HttpContext context)
    {
        var codings = context.Request.Headers.TransferEncoding;
        if (codings.Count == 0)
        {
            return null;
        }

        var isKnown = codings.Count == 1 && Chunked.Equals(codings[0], StringComparison.OrdinalIgnoreCase);
        if (!isKnown || context.Request.Protocol == HttpProtocol.Http10)
        {
            context.Response.Headers.Connection = "close";
        }

        return isKnown
            ? null
            : Problem.WriteAsync(
                context,
                StatusCodes.Status501NotImplemented,
                "unsupported-transfer-encoding",
                "Unsupported Transfer Encoding",
                "The only transfer coding is chunked; compress with Content-Encoding: gzip."
            );
    }
}
