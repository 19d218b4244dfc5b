using System.Text.Json;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;

namespace Edge.Visits;

/// <summary>What the links of one mailing have alike, as their sender wants it. Immutable; pure.</summary>
/// <param name="Variant">Id of the variant whose destination they have; null when each visit decides.</param>
/// <param name="Tracking">What is kept of their visits at most.</param>
/// <param name="SentAt">When they are sent.</param>
/// <param name="ExpiresAt">When they end; null for never.</param>
internal readonly record struct LinkTerms(
    string? Variant,
    TrackingMode Tracking,
    DateTimeOffset SentAt,
    DateTimeOffset? ExpiresAt
)
{
    /// <summary>Longest life of a link, days.</summary>
    public const int DaysMax = 3_650;

    /// <summary>What is wrong with them, as the rest of a sentence; null when links can be made.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="now">The time.</param>
    /// <param name="member">Which member it is.</param>
    public string? ProblemOf(CatalogEntry experiment, DateTimeOffset now, out string member)
    {
        member = "variant";
        if (Variant is not null && experiment.IndexOf(Variant) < 0)
        {
            return "must be one of " + string.Join(", ", experiment.Experiment.Variants.Select(static v => v.Id));
        }

        member = "sentAt";
        if (SentAt < now.AddDays(-DaysMax) || SentAt > now.AddDays(DaysMax))
        {
            return $"must be within {DaysMax} days of now";
        }

        member = "expiresAt";
        return ExpiresAt <= now || ExpiresAt <= SentAt || ExpiresAt > SentAt.AddDays(DaysMax)
            ? $"must be in the future, and within {DaysMax} days after sentAt"
            : null;
    }

    /// <summary>What the token of such a link says.</summary>
    public LinkClaims ClaimsOf(CatalogEntry experiment) =>
        new(
            experiment.Fingerprint,
            Variant is null ? 0 : CatalogEntry.FingerprintOf(Variant),
            Tracking,
            (uint)SentAt.ToUnixTimeSeconds(),
            (uint)(ExpiresAt?.ToUnixTimeSeconds() ?? 0)
        );

    /// <summary>Writes them as members.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        if (Variant is not null)
        {
            json.WriteString("variant", Variant);
        }

        json.WriteString("tracking", WireNames<TrackingMode>.Lower.Text(Tracking));
        json.WriteString("sentAt", Timestamp.Format(SentAt));
        if (ExpiresAt is { } until)
        {
            json.WriteString("expiresAt", Timestamp.Format(until));
        }
    }

    /// <summary>Path and query of a link.</summary>
    public static string ClickOf(CatalogEntry experiment, string token) =>
        $"/s/{experiment.Experiment.Slug}/click?{Visit.UnitParameter}={token}";

    /// <summary>Path and query of the pixel beside it.</summary>
    public static string PixelOf(CatalogEntry experiment, string token) =>
        $"/s/{experiment.Experiment.Slug}/pixel.gif?{Visit.UnitParameter}={token}";
}
