namespace Edge.Enrichment.Sources;

/// <summary>
/// Where a visit came from, in the words of the published cascade. Views of the caller's memory; an empty span is
/// unknown.
/// </summary>
internal ref struct TrafficSource
{
    /// <summary>Such as <c>google</c>, <c>newsletter</c>, <c>news.example.com</c>.</summary>
    public ReadOnlySpan<char> Source;

    /// <summary>
    /// Such as <c>paid</c>, <c>organic</c>, <c>social</c>, <c>email</c>, <c>referral</c>, <c>direct</c>.
    /// </summary>
    public ReadOnlySpan<char> Medium;

    /// <summary><c>utm_campaign</c> as it was sent, whichever rule matched.</summary>
    public ReadOnlySpan<char> Campaign;

    /// <summary><c>high</c>, <c>medium</c>, <c>low</c>.</summary>
    public string Confidence;

    /// <summary>Name of the rule that matched; stable.</summary>
    public string RuleId;
}
