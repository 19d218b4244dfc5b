namespace Edge.Forwarding.Http;

/// <summary>What came of one request.</summary>
/// <param name="Status">The status; 0 when there was no answer.</param>
/// <param name="Body">The beginning of the answer's body, as text.</param>
/// <param name="Failure">Why there was no answer, in words; null when there was one.</param>
internal sealed record HttpAnswer(int Status, string Body, string? Failure)
{
    /// <summary>How long the server asks to be left alone; zero when it does not say.</summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>The number ClickHouse gives an error in a header; null when it does not.</summary>
    public string? ExceptionCode { get; init; }

    public bool IsSuccess => Failure is null && Status is >= 200 and < 300;

    public static HttpAnswer Failed(string failure) => new(0, "", failure);
}
