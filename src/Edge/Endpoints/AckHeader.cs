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

    /// <summary>They are in the journal's memory, and durable with its next commit.</summary>
    public static readonly StringValues Memory = "memory";

    /// <summary>There is no event.</summary>
    public static readonly StringValues None = "none";
}
