using System.Buffers;
using System.Text.Json;
using Edge.Formats;

namespace Edge.Experiments.Reading;

/// <summary>
/// Reads the configuration objects of an experiment. Each merges member by member into the current one, so that a
/// sender may send only what changes; null restores the default. Pure.
/// </summary>
internal static class ConfigReader
{
    private const string DestinationUrl = "destinationUrl";

    /// <summary>Characters that mean nothing in a URL and need no encoding (RFC 3986 section 2.3).</summary>
    private static readonly SearchValues<char> PassedNameChars = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    );

    /// <summary>Reads the goal. Whether its destination may be missing depends on the variants.</summary>
    public static GoalConfig ReadGoal(JsonFields fields, ExperimentRules rules, GoalConfig? current)
    {
        var goal = (IsNull(fields, "goalConfig") ? null : current) ?? GoalConfig.Default;
        if (fields.TryObject("goalConfig", out var members))
        {
            KnownMembers.Check(members, KnownMembers.OfGoal);
            goal = new GoalConfig
            {
                Type = members.Choice("type", goal.Type, default, WireNames<GoalType>.Lower),
                DestinationUrl = ReadDestination(members, goal.DestinationUrl, rules),
                Event = members.Text("event", goal.Event, ExperimentRules.ReferenceCharsMax),
                Property = members.Text("property", goal.Property, ExperimentRules.ReferenceCharsMax),
            };
        }
        if (goal.Type is GoalType.Event or GoalType.Value && string.IsNullOrWhiteSpace(goal.Event))
        {
            fields.Violate(
                "goalConfig.event",
                "is required when the goal is event or value: the name of the event to wait for",
                ViolationCodes.Required
            );
        }
        if (goal.Type == GoalType.Value && string.IsNullOrWhiteSpace(goal.Property))
        {
            fields.Violate(
                "goalConfig.property",
                "is required when the goal is value: the property of the event that holds the number",
                ViolationCodes.Required
            );
        }
        return goal;
    }

    /// <summary>
    /// A link must lead somewhere whichever variant is served: every variant needs a destination, or none, and with the
    /// goal <c>click_through</c> every one.
    /// </summary>
    public static void RequireDestinations(JsonFields fields, IReadOnlyList<Variant> variants, GoalConfig goal)
    {
        // A destination that is present but invalid has already been reported.
        if (
            goal.DestinationUrl is not null
            || fields.Violations.List.Any(violation =>
                violation.Field.EndsWith(DestinationUrl, StringComparison.Ordinal)
            )
        )
        {
            return;
        }
        if (variants.All(variant => variant.DestinationUrl is null))
        {
            if (goal.Type == GoalType.ClickThrough)
            {
                fields.Violate(
                    $"goalConfig.{DestinationUrl}",
                    "is required when the goal is click_through, here or on every variant",
                    ViolationCodes.Required
                );
            }
            return;
        }
        for (var i = 0; i < variants.Count; i++)
        {
            if (variants[i].DestinationUrl is null)
            {
                fields.Violate(
                    $"variants[{i}].{DestinationUrl}",
                    "is required when other variants have one and goalConfig.destinationUrl is not there for the rest",
                    ViolationCodes.Required
                );
            }
        }
    }

    /// <summary>Reads the optimisation, which only A/B tests can have.</summary>
    public static BanditConfig ReadBandit(JsonFields fields, ExperimentType? type, BanditConfig? current)
    {
        var bandit = (IsNull(fields, "banditConfig") ? null : current) ?? BanditConfig.Default;
        if (fields.TryObject("banditConfig", out var members))
        {
            KnownMembers.Check(members, KnownMembers.OfBandit);
            bandit = new BanditConfig
            {
                Enabled = members.Flag("enabled", bandit.Enabled),
                Algorithm = members.Choice("algorithm", bandit.Algorithm, default, WireNames<BanditAlgorithm>.Lower),
                WarmupImpressions = members.Integer(
                    "warmupImpressions",
                    bandit.WarmupImpressions,
                    BanditConfig.Default.WarmupImpressions,
                    0,
                    int.MaxValue
                ),
                RecomputeIntervalMinutes = members.Integer(
                    "recomputeIntervalMinutes",
                    bandit.RecomputeIntervalMinutes,
                    BanditConfig.Default.RecomputeIntervalMinutes,
                    1,
                    ExperimentRules.RecomputeIntervalMinutesMax
                ),
            };
        }
        if (bandit.Enabled && type is ExperimentType.SmartLink or ExperimentType.Scheduled)
        {
            fields.Violate(
                "banditConfig.enabled",
                "must be false: only A/B tests can be optimised",
                ViolationCodes.InvalidValue
            );
        }
        return bandit;
    }

    /// <summary>Reads the image format.</summary>
    public static OutputConfig ReadOutput(JsonFields fields, OutputConfig? current)
    {
        var output = (IsNull(fields, "outputConfig") ? null : current) ?? OutputConfig.Default;
        if (!fields.TryObject("outputConfig", out var members))
        {
            return output;
        }
        KnownMembers.Check(members, KnownMembers.OfOutput);
        var quality = members.Number("quality", output.Quality, OutputConfig.Default.Quality);
        if (quality is not (>= 1 and <= 100))
        {
            members.Violate("quality", "must be from 1 to 100", ViolationCodes.OutOfRange);
        }
        return new OutputConfig
        {
            Format = members.Choice("format", output.Format, default, WireNames<ImageFormat>.Lower),
            Quality = quality,
        };
    }

    /// <summary>Reads whether named units keep their hash, which only A/B tests have trials for.</summary>
    public static bool ReadStableUnits(JsonFields fields, ExperimentType? type, bool absent)
    {
        const string Name = "stableUnits";
        var isStable = fields.Flag(Name, absent);
        if (isStable && type is ExperimentType.SmartLink or ExperimentType.Scheduled)
        {
            fields.Violate(Name, "must be false: only A/B tests have trials", ViolationCodes.InvalidValue);
        }
        return isStable;
    }

    /// <summary>
    /// A window of more than a day needs units that are known for as long, and a goal that people take days to reach.
    /// </summary>
    public static void CheckLongWindow(JsonFields fields, Experiment experiment)
    {
        const string Name = "attributionWindowMinutes";
        if (experiment.AttributionWindowMinutes <= ExperimentRules.DailyAttributionMinutesMax)
        {
            return;
        }
        if (!experiment.StableUnits)
        {
            fields.Violate(
                Name,
                "must be at most 1440 unless stableUnits is true: otherwise a unit has another hash every day",
                ViolationCodes.OutOfRange
            );
        }
        if (experiment.GoalConfig.Type is not (GoalType.Conversion or GoalType.Event or GoalType.Value))
        {
            fields.Violate(
                Name,
                "must be at most 1440 unless the goal is conversion, event or value",
                ViolationCodes.OutOfRange
            );
        }
    }

    /// <summary>Reads the share of units that take part, which only A/B tests have.</summary>
    public static int ReadTrafficShare(JsonFields fields, ExperimentType? type, int absent)
    {
        const string Name = "trafficShare";
        var share = fields.Integer(Name, absent, BasisPoints.Whole, 0, BasisPoints.Whole);
        if (share != BasisPoints.Whole && type is ExperimentType.SmartLink or ExperimentType.Scheduled)
        {
            fields.Violate(Name, "must be 10000: only A/B tests can have a share", ViolationCodes.InvalidValue);
        }
        return share;
    }

    /// <summary>Reads the group of experiments without common units, which only A/B tests have.</summary>
    public static ExclusionGroup? ReadExclusionGroup(JsonFields fields, ExperimentType? type, ExclusionGroup? current)
    {
        const string Name = "exclusionGroup";
        var group = fields.TryObject(Name, out var members)
            ? ReadExclusionGroup(members, current)
            : IsNull(fields, Name) ? null
            : current;
        if (group is not null && type is ExperimentType.SmartLink or ExperimentType.Scheduled)
        {
            fields.Violate(Name, "must be left out: only A/B tests divide units", ViolationCodes.InvalidValue);
        }
        return group;
    }

    /// <summary>Reads the limits of the link; every limit needs an address for those who come too early or too late.</summary>
    public static LinkConfig? ReadLink(JsonFields fields, ExperimentRules rules, LinkConfig? current)
    {
        if (!fields.TryObject("linkConfig", out var members))
        {
            return IsNull(fields, "linkConfig") ? null : current;
        }
        KnownMembers.Check(members, KnownMembers.OfLink);
        var link = current ?? LinkConfig.Default;
        string? Url(string name, string? absent) => ReadUrl(members, name, absent, rules, rules.SchemesAllowed);
        int? Clicks() =>
            !members.Has("maxClicks") ? link.MaxClicks
            : members.TryGet("maxClicks", out _) ? members.Integer("maxClicks", 1, 1, 1, int.MaxValue)
            : null;
        link = new LinkConfig
        {
            StartsAt = members.Has("startsAt") ? members.Instant("startsAt") : link.StartsAt,
            NotStartedUrl = Url("notStartedUrl", link.NotStartedUrl),
            ExpiresAt = members.Has("expiresAt") ? members.Instant("expiresAt") : link.ExpiresAt,
            ExpiredUrl = Url("expiredUrl", link.ExpiredUrl),
            MaxClicks = Clicks(),
            ExhaustedUrl = Url("exhaustedUrl", link.ExhaustedUrl),
            RedirectStatus = members.Integer(
                "redirectStatus",
                link.RedirectStatus,
                LinkConfig.TemporaryStatus,
                0,
                int.MaxValue
            ),
        };
        RequireUrl(members, link.StartsAt is not null, "notStartedUrl", link.NotStartedUrl, "startsAt");
        RequireUrl(members, link.ExpiresAt is not null, "expiredUrl", link.ExpiredUrl, "expiresAt");
        RequireUrl(members, link.MaxClicks is not null, "exhaustedUrl", link.ExhaustedUrl, "maxClicks");
        if (link.ExpiresAt <= link.StartsAt)
        {
            members.Violate("expiresAt", "must be after startsAt", ViolationCodes.OutOfRange);
        }
        if (!LinkConfig.Statuses.Contains(link.RedirectStatus))
        {
            members.Violate("redirectStatus", "must be one of 301, 302, 307, 308", ViolationCodes.InvalidValue);
        }
        return link == LinkConfig.Default ? null : link;
    }

    /// <summary>Reads what is kept of visits.</summary>
    public static TrackingConfig? ReadTracking(JsonFields fields, TrackingConfig? current)
    {
        const string Name = "trackingConfig";
        if (!fields.TryObject(Name, out var members))
        {
            return IsNull(fields, Name) ? null : current;
        }
        KnownMembers.Check(members, KnownMembers.OfTracking);
        var (tracking, names) = (current ?? TrackingConfig.Default, WireNames<TrackingMode>.Lower);
        tracking = new TrackingConfig
        {
            Mode = members.Choice("mode", tracking.Mode, default, names),
            OnSignal = members.Choice("onSignal", tracking.OnSignal, default, names),
        };
        return tracking == TrackingConfig.Default ? null : tracking;
    }

    /// <summary>Reads the names of the parameters that clicks pass on to their destination.</summary>
    public static IReadOnlyList<string>? ReadPassQuery(JsonFields fields, IReadOnlyList<string>? absent)
    {
        const string Name = "passQuery";
        if (!fields.Has(Name))
        {
            return absent;
        }
        if (!fields.TryArray(Name, out var array))
        {
            return null;
        }
        if (array.GetArrayLength() > ExperimentRules.PassedNamesMax)
        {
            fields.Violate(Name, $"must be at most {ExperimentRules.PassedNamesMax} names", ViolationCodes.OutOfRange);
            return null;
        }
        var names = new List<string>();
        foreach (var element in array.EnumerateArray())
        {
            var text = element.ValueKind == JsonValueKind.String ? element.GetString()! : "";
            if (!IsPassedName(text))
            {
                fields.Violate(
                    $"{Name}[{names.Count}]",
                    "must be the name of a query parameter, letters, digits and -._~, or its beginning and a star, such as utm_*",
                    ViolationCodes.InvalidFormat
                );
            }
            else if (names.Contains(text))
            {
                fields.Violate($"{Name}[{names.Count}]", "is there already", ViolationCodes.NotUnique);
            }
            names.Add(text);
        }
        return names.Count == 0 ? null : names;
    }

    /// <summary>Reads where a click leads; null when it is missing or invalid.</summary>
    public static string? ReadDestination(JsonFields fields, string? absent, ExperimentRules rules) =>
        ReadUrl(fields, DestinationUrl, absent, rules, rules.SchemesAllowed);

    /// <summary>Reads a URL to which visitors will be redirected; null when it is missing or invalid.</summary>
    public static string? ReadUrl(
        JsonFields fields,
        string name,
        string? absent,
        ExperimentRules rules,
        IReadOnlyList<string>? schemesAllowed = null
    )
    {
        if (!fields.Has(name))
        {
            return absent;
        }
        if (!fields.TryGet(name, out var value))
        {
            return null;
        }
        if (value.ValueKind != JsonValueKind.String)
        {
            fields.Violate(name, "must be a string", ViolationCodes.InvalidType);
            return null;
        }
        var text = value.GetString()!;
        if (Destination.TryParse(text, rules.HttpsOnly, out var message, out var code, schemesAllowed) is null)
        {
            fields.Violate(name, message, code);
            return null;
        }
        if (text.AsSpan().Count(Destination.ClickIdMacro) > Destination.ClickIdsMax)
        {
            fields.Violate(
                name,
                $"must have {Destination.ClickIdMacro} at most {Destination.ClickIdsMax} times",
                ViolationCodes.OutOfRange
            );
            return null;
        }
        return text;
    }

    private static ExclusionGroup ReadExclusionGroup(JsonFields members, ExclusionGroup? current)
    {
        KnownMembers.Check(members, KnownMembers.OfExclusionGroup);
        var name = members.RequiredText("name", current?.Name, ExclusionGroup.NameCharsMax);
        if (!VariantReader.IsIdentifier(name))
        {
            members.Violate("name", "must be letters, digits, underscores and hyphens", ViolationCodes.InvalidFormat);
        }
        var from = members.Integer("from", current?.From ?? 0, 0, 0, BasisPoints.Whole - 1);
        var to = members.Integer("to", current?.To ?? BasisPoints.Whole, BasisPoints.Whole, 1, BasisPoints.Whole);
        if (to <= from)
        {
            members.Violate("to", "must be greater than from", ViolationCodes.OutOfRange);
        }
        return new ExclusionGroup(name, from, to);
    }

    private static void RequireUrl(JsonFields members, bool isLimited, string name, string? url, string limit)
    {
        // One that is present but invalid has already been reported.
        if (isLimited && url is null && !members.TryGet(name, out _))
        {
            members.Violate(name, $"is required with {limit}: the link has to lead somewhere", ViolationCodes.Required);
        }
    }

    private static bool IsPassedName(string text)
    {
        var name = text.EndsWith('*') ? text.AsSpan(..^1) : text;
        return name.Length is > 0 and <= ExperimentRules.PassedNameCharsMax
            && name.IndexOfAnyExcept(PassedNameChars) < 0;
    }

    private static bool IsNull(JsonFields fields, string name) => fields.Has(name) && !fields.TryGet(name, out _);
}
