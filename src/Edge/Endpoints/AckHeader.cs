using Microsoft.Extensions.Primitives;

namespace Edge.Endpoints;

/// <summary>
/// The header <c>Edge-Ack</c>: in a request how far its events must have come before it is answered, in a response how
/// far they had come.
/// </summary>
internal static class AckHeader
{
    public const string Name = "Edge-Ack";

    /// <summary>The commit that covers the events has returned.</summary>
    public static readonly StringValues Disk = "disk";

    /// <summary>Every sink, or the one that was named, has durably taken them.</summary>
    public static readonly StringValues Forwarded = "forwarded";

    /// <summary>They are in the journal's memory, and durable with its next commit.</summary>
    public static readonly StringValues Memory = "memory";

    /// <summary>There is no event.</summary>
    public static readonly StringValues None = "none";

    /// <summary>The header of an answer with the ids of the events, for <c>/receipts</c>.</summary>
    public const string ReceiptName = "Edge-Receipt";

    /// <summary>Ids in that header at most; the others are left out.</summary>
    public const int ReceiptsMax = 100;

    private const string OfSink = "forwarded=";

    /// <summary>Whether a request says how far its events must have come.</summary>
    public static bool IsAsked(HttpContext context) => context.Request.Headers.ContainsKey(Name);

    /// <summary>
    /// How far its events must have come before a request is answered: the disk unless it says otherwise.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="sink">The sink that must have taken them; null for every one.</param>
    public static AckLevel Asked(HttpContext context, out string? sink)
    {
        sink = null;
        var asked = context.Request.Headers[Name];
        if (asked is not [{ } text])
        {
            return AckLevel.Disk;
        }
        if (text.Equals(Memory[0], StringComparison.OrdinalIgnoreCase))
        {
            return AckLevel.Memory;
        }
        if (text.StartsWith(OfSink, StringComparison.OrdinalIgnoreCase))
        {
            sink = text[OfSink.Length..];
            return AckLevel.Forwarded;
        }
        return text.Equals(Forwarded[0], StringComparison.OrdinalIgnoreCase) ? AckLevel.Forwarded : AckLevel.Disk;
    }
}

/// <summary>How far events have come.</summary>
internal enum AckLevel
{
    /// <summary>In the journal's memory.</summary>
    Memory,

    /// <summary>On the disk.</summary>
    Disk,

    /// <summary>At their sinks.</summary>
    Forwarded,
}
