using Edge.Enrichment.Verdicts;
using Edge.Formats;
using Edge.Requests;

namespace Edge.Explanation;

/// <summary>
/// A request that nobody sent, described to ask what it would get. Headers hold each byte in one char, as the listener
/// hands them over.
/// </summary>
internal sealed record DescribedRequest
{
    /// <summary>Largest description.</summary>
    public const int BytesMax = 64 * 1024;

    /// <summary>Longest URL or query string: the largest request line that can be configured.</summary>
    public const int QueryCharsMax = 65_536;

    /// <summary>Longest header, in bytes of UTF-8.</summary>
    public const int HeaderBytesMax = 16_384;

    /// <summary>The query string without its question mark.</summary>
    public required string Query { get; init; }

    /// <summary>The headers the choice and the verdict may look at, each at most once.</summary>
    public required IReadOnlyList<HeaderLine> Headers { get; init; }

    /// <summary>The address of the visitor.</summary>
    public required ClientAddress? Address { get; init; }

    /// <summary>Two capital letters, as the country database would say; empty when unknown.</summary>
    public required string Country { get; init; }

    /// <summary>Pixel, click or API: some rules of the verdict hold for one of them.</summary>
    public required VerdictScope Scope { get; init; }

    /// <summary>When it arrives; null is now.</summary>
    public required DateTimeOffset? At { get; init; }
}
