namespace Edge.LoadTests.Scenarios;

/// <summary>
/// One request of a step. Every <see cref="Number"/> in its target and body is replaced by a number of its own when it
/// is sent, counted from the number that <see cref="LoadRequest.Check"/> is given, so requests are formatted beforehand
/// and are different all the same. Immutable, made once and sent often; compared by reference.
/// </summary>
internal sealed class LoadRequest
{
    /// <summary>The place of a number: as many digits, zeros in front.</summary>
    public const string Number = "############";

    public required string Step { get; init; }
    public string Method { get; init; } = "GET";

    /// <summary>Path and query.</summary>
    public required string Target { get; init; }

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    public string? Body { get; init; }

    /// <summary>How many events the server makes of it when it accepts it.</summary>
    public int Events { get; init; }

    /// <summary>Whether each event carries a number as its sender's id, in the order of the body.</summary>
    public bool HasEventIds { get; init; }

    /// <summary>Judges the answer; the number is the first that was put into the request.</summary>
    public required Check Check { get; init; }
}

/// <summary>Null when the answer is what the request should get, else what is wrong with it, in a few words.</summary>
internal delegate string? Check(in Answer answer, long number);

/// <summary>What came back, as far as checks look at it; valid during the check only.</summary>
internal readonly ref struct Answer
{
    public required int Status { get; init; }
    public required ReadOnlySpan<byte> Body { get; init; }

    /// <summary>The header <c>Location</c>; empty when there is none.</summary>
    public required ReadOnlySpan<byte> Location { get; init; }
}
