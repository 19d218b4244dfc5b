using Edge.Requests;
using Edge.Telemetry;

namespace Edge.Transport;

/// <summary>What a lane makes of the bytes that begin with a request.</summary>
internal enum LaneResult
{
    /// <summary>It is answered.</summary>
    Answered,

    /// <summary>It is answered, and the answer says that the connection ends with it.</summary>
    AnsweredLast,

    /// <summary>It is not the lane's: the server gets the connection, with these bytes. Nothing was recorded.</summary>
    NotMine,

    /// <summary>A bug, which is reported; the connection ends without an answer.</summary>
    Failed,
}

/// <summary>A request as it came, and room for its answer.</summary>
internal ref struct LaneExchange
{
    /// <summary>Bytes of room that a lane is given at least.</summary>
    public const int RoomBytesMin = 8 << 10;

    /// <summary>What was received and not answered yet; a request begins here.</summary>
    public required ReadOnlySpan<byte> Received { get; init; }

    /// <summary>Where the answer is written, <see cref="RoomBytesMin"/> at least.</summary>
    public required Span<byte> Room { get; init; }

    /// <summary>The socket's other end.</summary>
    public required ClientAddress Peer { get; init; }

    /// <summary>The value of the header Date, of this second.</summary>
    public required ReadOnlySpan<byte> Date { get; init; }

    /// <summary>Whether the client is to be asked to leave.</summary>
    public required bool IsDraining { get; init; }

    /// <summary>What was asked for; set when it is answered.</summary>
    public RouteName Route { get; set; }

    /// <summary>Bytes of the request; set when it is answered.</summary>
    public int Consumed { get; set; }

    /// <summary>Bytes of the answer; set when it is answered.</summary>
    public int Written { get; set; }
}

/// <summary>Answers a request on the thread of an event loop, which it may not block; called by one thread.</summary>
internal delegate LaneResult Lane(ref LaneExchange exchange);

/// <summary>A lane for one event loop.</summary>
/// <param name="Lane">What answers.</param>
/// <param name="Durations">Where the loop notes how long that took.</param>
internal sealed record LoopLane(Lane Lane, RequestDurations Durations);
