using Edge.Enrichment.Verdicts;
using Edge.Formats;
using Edge.Requests;
using Edge.Visits;

namespace Edge.Explanation;

/// <summary>
/// A hypothetical request, described to find out what it would get. Header values hold one byte per char, as the
/// listener delivers them.
/// </summary>
internal sealed record DescribedRequest
{
    /// <summary>Largest description, bytes.</summary>
    public const int BytesMax = 64 * 1024;

    /// <summary>Longest URL or query string: the largest request line that can be configured.</summary>
    public const int QueryCharsMax = 65_536;

    /// <summary>Longest header, in bytes of UTF-8.</summary>
    public const int HeaderBytesMax = 16_384;

    /// <summary>The query string without its question mark.</summary>
    public required string Query { get; init; }

    /// <summary>The headers that the choice and the verdict may depend on, each at most once.</summary>
    public required IReadOnlyList<HeaderLine> Headers { get; init; }

    /// <summary>The address of the visitor.</summary>
    public required ClientAddress? Address { get; init; }

    /// <summary>Two capital letters, as in the geo database; empty when unknown.</summary>
    public required string Country { get; init; }

    /// <summary>IANA name, as in the geo database; empty when unknown.</summary>
    public required string Timezone { get; init; }

    /// <summary>Pixel, click or API: some verdict rules apply to only one of them.</summary>
    public required VerdictScope Scope { get; init; }

    /// <summary>The context that a program states when it evaluates; null for pixel and click.</summary>
    public required EvaluationContext? Context { get; init; }

    /// <summary>When it arrives; null means now.</summary>
    public required DateTimeOffset? At { get; init; }
}
