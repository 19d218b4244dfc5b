namespace Edge.Enrichment.Sources;

/// <summary>
/// The source of a visit, in the terms of the published attribution cascade. Spans are views of the caller's memory; an
/// empty span means unknown.
/// </summary>
internal ref struct TrafficSource
{
    /// <summary>For example <c>google</c>, <c>newsletter</c>, <c>news.example.com</c>.</summary>
    public ReadOnlySpan<char> Source;

    /// <summary>
    /// For example <c>paid</c>, <c>organic</c>, <c>social</c>, <c>email</c>, <c>referral</c>, <c>direct</c>.
    /// </summary>
    public ReadOnlySpan<char> Medium;

    /// <summary><c>utm_campaign</c> as sent, whichever rule matched.</summary>
    public ReadOnlySpan<char> Campaign;

    /// <summary><c>high</c>, <c>medium</c>, <c>low</c>.</summary>
    public string Confidence;

    /// <summary>Id of the rule that matched; stable across versions.</summary>
    public string RuleId;
}
