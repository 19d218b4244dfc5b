using System.Text;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>
/// One rule of the ingestion APIs: a request and what has to come of it. In texts <c>{row}</c> stands for a word of
/// this row alone, by which its event is found among the forwarded ones.
/// </summary>
internal sealed record Row
{
    /// <summary>
    /// Section and rule, such as <c>6.3 event of 128 characters is accepted</c>; unique within a table.
    /// </summary>
    public required string Rule { get; init; }

    public required string Method { get; init; }

    public required string Path { get; init; }

    /// <summary>Name of a key of <see cref="ConformanceEdge"/>, or empty for no Authorization header.</summary>
    public required string Key { get; init; }

    public required byte[] Body { get; init; }

    /// <summary>Content type as sent; empty for none.</summary>
    public required string Type { get; init; }

    /// <summary>Further headers, <c>Name: value</c>.</summary>
    public required string[] Headers { get; init; }

    public required int Status { get; init; }

    /// <summary>The body of the answer byte for byte; null when it is not compared so.</summary>
    public string? Answer { get; init; }

    /// <summary>
    /// The body of the answer as JSON, see <see cref="JsonPattern"/>; null when it is not compared so.
    /// </summary>
    public string? Json { get; init; }

    /// <summary>
    /// Headers of the answer: <c>Name: value</c>, <c>Name: *</c> for any value, <c>Name: ~begin</c> for one that begins
    /// so, <c>!Name</c> for absent.
    /// </summary>
    public required string[] Answered { get; init; }

    /// <summary>How many events the journal has more afterwards.</summary>
    public required int Stores { get; init; }

    /// <summary>Pattern of the forwarded event; null when it is not looked at.</summary>
    public string? Stored { get; init; }

    public static Row Of(
        string rule,
        string path,
        string key,
        string body,
        int status,
        string? answer = null,
        string? json = null,
        string type = "application/json",
        string[]? headers = null,
        string[]? answered = null,
        int? stores = null,
        string? stored = null,
        string method = "POST",
        Func<byte[], byte[]>? coded = null
    ) =>
        new()
        {
            Rule = rule,
            Method = method,
            Path = path,
            Key = key,
            Body = (coded ?? (bytes => bytes))(
                Encoding.UTF8.GetBytes(body.Replace("{row}", WordOf(rule), StringComparison.Ordinal))
            ),
            Type = type,
            Headers = headers ?? [],
            Status = status,
            Answer = answer?.Replace("{row}", WordOf(rule), StringComparison.Ordinal),
            Json = json?.Replace("{row}", WordOf(rule), StringComparison.Ordinal),
            Answered = answered ?? [],
            Stores = stores ?? (status is 200 or 202 && method == "POST" ? 1 : 0),
            Stored = stored?.Replace("{row}", WordOf(rule), StringComparison.Ordinal),
        };

    /// <summary>The word of the row: the same in every run, no part of another's.</summary>
    public string Word => WordOf(Rule);

    /// <summary>A text of one character so many times.</summary>
    public static string A(int count) => new('a', count);

    /// <summary>Objects within objects, so many.</summary>
    public static string Nested(int levels) =>
        string.Concat(Enumerable.Repeat("{\"a\":", levels - 1)) + "{}" + new string('}', levels - 1);

    private static string WordOf(string rule) =>
        "row"
        + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(rule)))[..12];
}
