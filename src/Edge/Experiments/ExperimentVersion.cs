using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Edge.Experiments;

/// <summary>
/// The entity tag of an experiment, <c>"DEFINITION.COUNTERS"</c>. The first part changes with every edit and
/// transition, but not when a bandit moves weights or a visit is counted; If-Match compares only this part, so traffic
/// cannot make an owner's edit fail. The whole tag changes whenever the response does. Pure.
/// </summary>
internal static class ExperimentVersion
{
    private const int DefinitionChars = 16;

    /// <summary>The tag of an experiment with its counters filled in, quotes included.</summary>
    public static string TagOf(Experiment view)
    {
        long counters = view.WeightsVersion;
        foreach (var variant in view.Variants)
        {
            counters = unchecked((((counters * 31) + (variant.Impressions ?? 0)) * 31) + (variant.Clicks ?? 0));
        }

        return string.Create(CultureInfo.InvariantCulture, $"\"{DefinitionOf(view)}.{counters:x}\"");
    }

    /// <summary>
    /// Whether an If-Match header matches the definition: a star, or one of its tags (RFC 9110 section 13.1.1).
    /// </summary>
    public static bool IsMatch(string ifMatch, Experiment experiment)
    {
        if (ifMatch.Trim() == "*")
        {
            return true;
        }

        var definition = DefinitionOf(experiment);
        return ifMatch
            .Split(',', StringSplitOptions.TrimEntries)
            .Any(tag =>
                tag.Length > DefinitionChars + 1
                && tag[0] == '"'
                && tag.AsSpan(1, DefinitionChars).SequenceEqual(definition)
            );
    }

    private static string DefinitionOf(Experiment experiment)
    {
        var variants = experiment.Variants.Select(variant =>
            variant with
            {
                Weight = variant.RequestedWeight,
                ConfiguredWeight = null,
                Impressions = null,
                Clicks = null,
            }
        );
        var definition = experiment with { Variants = [.. variants], Slots = null, WeightsVersion = 1 };
        var hash = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(definition, ExperimentJson.Default.Experiment));
        return Convert.ToHexStringLower(hash)[..DefinitionChars];
    }
}
