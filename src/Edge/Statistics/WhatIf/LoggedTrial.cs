using Edge.Enrichment.Geo;

namespace Edge.Statistics.WhatIf;

/// <summary>A trial as it was logged: what was known of the visitor, what was chosen with which chance, what came of it.</summary>
/// <param name="Variant">Id of the variant that was shown.</param>
/// <param name="Probability">Its chance when it was chosen, above 0.</param>
/// <param name="WeightsVersion">Version of the weights of that choice.</param>
/// <param name="At">When it was shown.</param>
/// <param name="Result">1 or 0; with the goal <c>value</c> what the unit's events added up to.</param>
/// <param name="Visitor">What the event says of the visitor.</param>
internal readonly record struct LoggedTrial(
    string Variant,
    double Probability,
    int WeightsVersion,
    DateTimeOffset At,
    double Result,
    LoggedVisitor Visitor
);

/// <summary>What an event says of its visitor, as conditions see it; empty texts are unknown. Immutable.</summary>
/// <param name="Device"><c>mobile</c>, <c>desktop</c>, <c>tablet</c>.</param>
/// <param name="Os">Operating system.</param>
/// <param name="Browser">Browser family.</param>
/// <param name="Country">ISO 3166-1 alpha-2.</param>
/// <param name="Referrer">The Referer header; read only where a condition needs it.</param>
/// <param name="Query">Path and query of a click; read only where a condition needs it.</param>
/// <param name="TimeZone">IANA name.</param>
internal sealed record LoggedVisitor(
    string Device,
    string Os,
    string Browser,
    CountryCode Country,
    string Referrer,
    string Query,
    string TimeZone
);
