using System.Globalization;
using System.Text.Json;
using Edge.Experiments;
using Edge.Selection;

namespace Edge.Catalog;

/// <summary>
/// The changes in a proposed definition, and whether the status allows them (spec 2.7). A member sent with its current
/// value is not a change, so a client may GET an experiment, change one member and send everything back. Pure.
/// </summary>
internal sealed class ExperimentEdit
{
    private static readonly string[] WhileRunning =
    [
        "name",
        "confidenceThreshold",
        "minimumRunDays",
        "goalConfig.destinationUrl",
        "variants[].destinationUrl",
        "passQuery",
        "linkConfig",
        "trackingConfig",
        "trafficShare",
    ];
    private static readonly string[] WhenCompleted = ["name"];

    /// <summary>Members owned by the server; values sent for them are ignored.</summary>
    private static readonly string[] ServerOwned =
    [
        "uid",
        "status",
        "winnerVariantId",
        "winnerDeclaredAt",
        "hashVersion",
        "weightsVersion",
        "slots",
        "team",
        "runningSince",
        "ranSeconds",
        "createdAt",
        "updatedAt",
    ];

    private ExperimentEdit(IReadOnlyList<string> changed, IReadOnlyList<string> refused, Experiment next)
    {
        Changed = changed;
        Refused = refused;
        Next = next;
    }

    /// <summary>Paths of the members that differ; empty when none do.</summary>
    public IReadOnlyList<string> Changed { get; }

    /// <summary>Changed members that may not change in the current status.</summary>
    public IReadOnlyList<string> Refused { get; }

    /// <summary>The experiment after the edit; store it only when nothing is refused.</summary>
    public Experiment Next { get; }

    /// <summary>Paths that may change in a status; null when all of them may.</summary>
    public static IReadOnlyList<string>? EditableIn(ExperimentStatus status) =>
        status switch
        {
            ExperimentStatus.Draft or ExperimentStatus.Paused => null,
            ExperimentStatus.Running => WhileRunning,
            _ => WhenCompleted,
        };

    /// <summary>Compares a valid proposal with the current definition.</summary>
    public static ExperimentEdit Compare(Experiment current, Experiment proposed, DateTimeOffset now)
    {
        proposed = KeepServedWeights(current, proposed);
        var changed = Differences(current, proposed);
        var editable = EditableIn(current.Status);
        var refused = editable is null ? [] : changed.Where(path => !editable.Contains(WithoutIndex(path))).ToArray();
        var next =
            changed.Count == 0
                ? current
                : Reweigh(current, proposed) with
                {
                    UpdatedAt = Lifecycle.Touch(current, now),
                };
        return new ExperimentEdit(changed, refused, next);
    }

    /// <summary>
    /// While a bandit moves the weights, a sender sends back the served weights it last read, which are not a change of
    /// its own. Otherwise the configured weights are kept as long as the served ones are sent back unchanged.
    /// </summary>
    private static Experiment KeepServedWeights(Experiment current, Experiment proposed)
    {
        if (ReferenceEquals(current.Variants, proposed.Variants))
        {
            return proposed;
        }

        var before = current.Variants.ToDictionary(variant => variant.Id, StringComparer.Ordinal);
        var isServerOwned =
            current.BanditConfig.Enabled && current.Status is ExperimentStatus.Running or ExperimentStatus.Completed;
        var isSame =
            proposed.Variants.Count == before.Count
            && proposed.Variants.All(variant =>
                before.TryGetValue(variant.Id, out var old) && (isServerOwned || old.Weight == variant.Weight)
            );
        if (!isSame)
        {
            return proposed;
        }

        var variants = proposed.Variants.Select(variant =>
            variant with
            {
                Weight = before[variant.Id].Weight,
                ConfiguredWeight = before[variant.Id].ConfiguredWeight,
            }
        );
        return proposed with { Variants = [.. variants] };
    }

    private static List<string> Differences(Experiment current, Experiment proposed)
    {
        var before = JsonSerializer.SerializeToElement(current, ExperimentJson.Default.Experiment);
        var after = JsonSerializer.SerializeToElement(proposed, ExperimentJson.Default.Experiment);
        var changed = new List<string>();
        foreach (var name in Names(before, after).Except(ServerOwned, StringComparer.Ordinal))
        {
            var (old, next) = (Member(before, name), Member(after, name));
            if (name == "goalConfig")
            {
                changed.AddRange(
                    Names(old, next)
                        .Where(member => !AreEqual(Member(old, member), Member(next, member)))
                        .Select(member => $"{name}.{member}")
                );
            }
            else if (!AreEqual(old, next))
            {
                changed.AddRange(name == "variants" ? Differences(current.Variants, proposed.Variants) : [name]);
            }
        }
        return changed;
    }

    /// <summary>Destinations that differ, when nothing else does; else the list as a whole.</summary>
    private static IEnumerable<string> Differences(IReadOnlyList<Variant> current, IReadOnlyList<Variant> proposed)
    {
        static JsonElement Rest(Variant variant) =>
            JsonSerializer.SerializeToElement(variant with { DestinationUrl = null }, ExperimentJson.Default.Variant);

        var areAlike =
            current.Count == proposed.Count
            && current.Zip(proposed).All(pair => AreEqual(Rest(pair.First), Rest(pair.Second)));
        return areAlike
            ? Enumerable
                .Range(0, current.Count)
                .Where(i => current[i].DestinationUrl != proposed[i].DestinationUrl)
                .Select(i => string.Create(CultureInfo.InvariantCulture, $"variants[{i}].destinationUrl"))
            : ["variants"];
    }

    /// <summary>A path as the list of editable members has it.</summary>
    private static string WithoutIndex(string path)
    {
        var (start, end) = (path.IndexOf('['), path.IndexOf(']'));
        return start < 0 ? path : path[..(start + 1)] + path[end..];
    }

    private static IEnumerable<string> Names(JsonElement a, JsonElement b) =>
        a.EnumerateObject().Concat(b.EnumerateObject()).Select(member => member.Name).Distinct(StringComparer.Ordinal);

    private static JsonElement Member(JsonElement element, string name) =>
        element.TryGetProperty(name, out var member) ? member : default;

    private static bool AreEqual(JsonElement a, JsonElement b) =>
        a.ValueKind == JsonValueKind.Undefined || b.ValueKind == JsonValueKind.Undefined
            ? a.ValueKind == b.ValueKind
            : JsonElement.DeepEquals(a, b);

    /// <summary>
    /// New weights get a new version, and if the experiment has been served they move only the viewers they must.
    /// Without a bandit the served weights are the configured ones.
    /// </summary>
    private static Experiment Reweigh(Experiment current, Experiment proposed)
    {
        if (!proposed.BanditConfig.Enabled)
        {
            var requested = proposed.Variants.Select(variant =>
                variant with
                {
                    Weight = variant.RequestedWeight,
                    ConfiguredWeight = null,
                }
            );
            proposed = proposed with { Variants = [.. requested] };
        }
        var served = current.Variants.Select(variant => (variant.Id, variant.Weight));
        if (served.SequenceEqual(proposed.Variants.Select(variant => (variant.Id, variant.Weight))))
        {
            return proposed;
        }

        if (current.Status == ExperimentStatus.Draft)
        {
            return proposed with { Slots = null };
        }

        var before = SlotTable.Of(current).ToRanges(current.Variants);
        var after = SlotTable.Of(proposed with { Slots = before }).ToRanges(proposed.Variants);
        return proposed with { Slots = after, WeightsVersion = current.WeightsVersion + 1 };
    }
}
