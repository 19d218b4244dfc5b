using Edge.Formats;
using Edge.Requests;
using Edge.Selection.Conditions;

namespace Edge.Visits;

/// <summary>
/// A request as visits see it: views of its text, whichever listener received it. Query and referrer are decoded
/// (<see cref="HeaderBytes.Decode"/>); other text holds each byte in one char. An empty span means that it was not
/// sent.
/// </summary>
internal readonly ref struct VisitRequest
{
    /// <summary>The header of Global Privacy Control.</summary>
    public const string GlobalPrivacyControl = "Sec-GPC";

    public const string DoNotTrack = "DNT";

    /// <summary>What either of them says when privacy is asked for; anything else asks for nothing.</summary>
    public const string AskedFor = "1";

    /// <summary>The socket's other end, which may be a proxy.</summary>
    public required ClientAddress Peer { get; init; }

    /// <summary>The query string as it was sent, with or without its question mark.</summary>
    public ReadOnlySpan<char> Query { get; init; }

    public ReadOnlySpan<char> UserAgent { get; init; }

    public ReadOnlySpan<char> Referrer { get; init; }

    public ReadOnlySpan<char> AcceptLanguage { get; init; }

    /// <summary>The Origin header; empty too when it was sent more than once.</summary>
    public ReadOnlySpan<char> Origin { get; init; }

    /// <summary>
    /// The headers that settings and verdict rules name, in the order they were sent: addresses forwarded by a proxy,
    /// the country it states, what rules look at.
    /// </summary>
    public ReadOnlySpan<HeaderLine> Headers { get; init; }

    /// <summary>
    /// Name of the test that the request is of, by a valid mark; empty for all others. Nobody is counted by it.
    /// </summary>
    public ReadOnlySpan<byte> SyntheticTest { get; init; }

    /// <summary>
    /// Whether the browser asks for privacy, by <see cref="GlobalPrivacyControl"/> or <see cref="DoNotTrack"/>.
    /// </summary>
    public bool AsksForPrivacy { get; init; }

    /// <summary>The attributes of the evaluation context; null where there is none, as for pixel and click.</summary>
    public ContextAttributes? Attributes { get; init; }
}
