using System.Text.Json;
using Edge.Formats;

namespace Edge.Experiments.Reading;

/// <summary>The result of reading a definition: an experiment, or everything that is wrong with it.</summary>
/// <param name="Experiment">Null when there are violations.</param>
/// <param name="Violations">In the order of reading, at most <see cref="ExperimentRules.ViolationsMax"/>.</param>
/// <param name="Unknown">
/// Members of a stored file that have no meaning and are ignored or that are given twice, and values in it that stand for
/// nothing; in what a sender sends they are violations.
/// </param>
internal readonly record struct ExperimentReadResult(
    Experiment? Experiment,
    IReadOnlyList<Violation> Violations,
    IReadOnlyList<Violation> Unknown
)
{
    /// <summary>Whether something of it would be lost; a value that stands for nothing is kept as it is.</summary>
    public bool LosesMembers =>
        Unknown.Any(static one => one.Code is ViolationCodes.UnknownMember or ViolationCodes.NotUnique);
}

/// <summary>
/// Reads an experiment that satisfies every rule, or reports all violations at once. The same rules apply to a stored
/// file, to the body that creates an experiment and to the body that changes one; these differ in who sets the uid,
/// status, winner and times, and in the meaning of a missing member. Pure; never throws for input.
/// </summary>
internal static class ExperimentReader
{
    private static readonly Experiment Blank = new()
    {
        Uid = "",
        Slug = "",
        Type = default,
        Name = "",
        Variants = [],
    };

    /// <summary>
    /// Reads a stored file. A file written by hand may omit the status (default: draft) and the times (default:
    /// <paramref name="fileTime"/>).
    /// </summary>
    public static ExperimentReadResult ReadStored(
        ReadOnlyMemory<byte> utf8,
        ExperimentRules rules,
        DateTimeOffset fileTime
    ) =>
        Read(
            utf8,
            fields =>
            {
                var experiment = ReadDefinition(fields, rules, null, isStored: true) with
                {
                    Uid = ReadUid(fields),
                    Status = fields.Choice("status", WireNames<ExperimentStatus>.Lower) ?? ExperimentStatus.Draft,
                    Team = fields.Text("team", null, ExperimentRules.ReferenceCharsMax),
                    HashVersion = ReadHashVersion(fields),
                    WeightsVersion = fields.Integer("weightsVersion", 1, 1, 1, int.MaxValue),
                    RunningSince = fields.Instant("runningSince"),
                    RanSeconds = fields.Integer("ranSeconds", 0, 0, 0, int.MaxValue),
                    CreatedAt = fields.Instant("createdAt") ?? fileTime,
                    UpdatedAt = fields.Instant("updatedAt") ?? fileTime,
                };
                experiment = experiment with { Slots = ReadSlots(fields) };
                return ReadWinner(fields, experiment);
            },
            isStored: true
        );

    /// <summary>
    /// Reads the body that creates an experiment; members owned by the server come from the arguments only.
    /// </summary>
    public static ExperimentReadResult ReadCreate(
        ReadOnlyMemory<byte> utf8,
        ExperimentRules rules,
        string uid,
        string? team,
        DateTimeOffset now
    ) =>
        Read(
            utf8,
            fields =>
                ReadDefinition(fields, rules, null) with
                {
                    Uid = uid,
                    Team = team,
                    CreatedAt = now,
                    UpdatedAt = now,
                }
        );

    /// <summary>
    /// Reads the body that changes an experiment: a missing member keeps its value, <c>variants</c> replaces the whole
    /// list, configuration objects merge member by member, and null clears a member. The caller decides which members
    /// may change in which status, by comparing the result with <paramref name="current"/>.
    /// </summary>
    public static ExperimentReadResult ReadUpdate(
        ReadOnlyMemory<byte> utf8,
        ExperimentRules rules,
        Experiment current
    ) => Read(utf8, fields => ReadDefinition(fields, rules, current));

    private static ExperimentReadResult Read(
        ReadOnlyMemory<byte> utf8,
        Func<JsonFields, Experiment> read,
        bool isStored = false
    )
    {
        var violations = new Violations();
        using var document = JsonSyntax.ParseObject(utf8, violations, isStored);
        if (document is null)
        {
            return new ExperimentReadResult(null, violations.List, []);
        }

        var experiment = read(new JsonFields(document.RootElement, "", violations));
        // What a sender misspells would be missing from what is served, and nobody would tell.
        IReadOnlyList<Violation> list = isStored
            ? violations.List
            : [.. violations.List.Concat(violations.Unknown).Take(ExperimentRules.ViolationsMax)];
        return new ExperimentReadResult(list.Count == 0 ? experiment : null, list, isStored ? violations.Unknown : []);
    }

    private static Experiment ReadDefinition(
        JsonFields fields,
        ExperimentRules rules,
        Experiment? current,
        bool isStored = false
    )
    {
        KnownMembers.Check(fields, KnownMembers.OfExperiment);
        var type = ReadType(fields, current);
        var experiment = (current ?? Blank) with
        {
            Slug = ReadSlug(fields, current?.Slug),
            Type = type ?? default,
            Name = fields.RequiredText("name", current?.Name, ExperimentRules.NameCharsMax),
            TemplateUid = fields.Text("templateUid", current?.TemplateUid, ExperimentRules.ReferenceCharsMax),
            Variants = VariantReader.ReadAll(fields, rules, current?.Variants, isStored),
            GoalConfig = ConfigReader.ReadGoal(fields, rules, current?.GoalConfig),
            AttributionWindowMinutes = fields.Integer(
                "attributionWindowMinutes",
                (current ?? Blank).AttributionWindowMinutes,
                Blank.AttributionWindowMinutes,
                1,
                ExperimentRules.AttributionMinutesMax
            ),
            StableUnits = ConfigReader.ReadStableUnits(fields, type, (current ?? Blank).StableUnits),
            Decoy = fields.Flag("decoy", (current ?? Blank).Decoy),
            TrialStart = fields.Choice(
                "trialStart",
                (current ?? Blank).TrialStart,
                default,
                WireNames<TrialStart>.Lower
            ),
            BanditConfig = ConfigReader.ReadBandit(fields, type, current?.BanditConfig),
            Hypothesis = fields.Text("hypothesis", current?.Hypothesis, ExperimentRules.HypothesisCharsMax),
            MinimumSampleSize = fields.Integer(
                "minimumSampleSize",
                (current ?? Blank).MinimumSampleSize,
                Blank.MinimumSampleSize,
                0,
                int.MaxValue
            ),
            MinimumRunDays = fields.Integer(
                "minimumRunDays",
                (current ?? Blank).MinimumRunDays,
                Blank.MinimumRunDays,
                0,
                int.MaxValue
            ),
            ConfidenceThreshold = ReadThreshold(fields, (current ?? Blank).ConfidenceThreshold),
            FallbackImageUrl = ConfigReader.ReadUrl(fields, "fallbackImageUrl", current?.FallbackImageUrl, rules),
            FallbackTemplateUid = fields.Text(
                "fallbackTemplateUid",
                current?.FallbackTemplateUid,
                ExperimentRules.ReferenceCharsMax
            ),
            OutputConfig = ConfigReader.ReadOutput(fields, current?.OutputConfig),
            TrafficShare = ConfigReader.ReadTrafficShare(fields, type, (current ?? Blank).TrafficShare),
            ExclusionGroup = ConfigReader.ReadExclusionGroup(fields, type, current?.ExclusionGroup),
            LinkConfig = ConfigReader.ReadLink(fields, rules, current?.LinkConfig),
            PassQuery = ConfigReader.ReadPassQuery(fields, current?.PassQuery),
            TrackingConfig = ConfigReader.ReadTracking(fields, current?.TrackingConfig),
        };
        ConfigReader.RequireDestinations(fields, experiment.Variants, experiment.GoalConfig);
        ConfigReader.CheckLongWindow(fields, experiment);
        if (
            experiment is { LinkConfig.MaxClicks: not null }
            && (experiment.TrafficShare < BasisPoints.Whole || experiment.ExclusionGroup is not null)
        )
        {
            fields.Violate(
                "linkConfig.maxClicks",
                "must not be combined with trafficShare or exclusionGroup: clicks of those who do not take part are not counted",
                ViolationCodes.InvalidValue
            );
        }
        if (experiment is { TrialStart: TrialStart.Click, GoalConfig.Type: GoalType.ClickThrough })
        {
            fields.Violate(
                "trialStart",
                "must not be click when the goal is click_through: every trial would be a success",
                ViolationCodes.InvalidValue
            );
        }
        return experiment;
    }

    private static ExperimentType? ReadType(JsonFields fields, Experiment? current)
    {
        if (!fields.Has("type") && current is not null)
        {
            return current.Type;
        }
        if (!fields.TryGet("type", out _))
        {
            fields.Violate("type", "is required", ViolationCodes.Required);
            return null;
        }
        return fields.Choice("type", WireNames<ExperimentType>.Lower);
    }

    private static string ReadSlug(JsonFields fields, string? absent)
    {
        var slug = fields.RequiredText("slug", absent, Slug.CharsMax);
        if (slug.Length > 0 && !Slug.IsWellFormed(slug))
        {
            fields.Violate(
                "slug",
                "must be 3 to 60 lower-case letters, digits and hyphens that begin and end with a letter or digit",
                ViolationCodes.InvalidFormat
            );
        }
        else if (Slug.IsReserved(slug))
        {
            fields.Violate("slug", "is a reserved word", ViolationCodes.InvalidValue);
        }
        else if (slug != absent && Slug.IsPath(slug))
        {
            // Experiments of that name from before are served; the management API knows them by their uid alone.
            fields.NoteUnknownValue(
                "slug",
                $"is a path of the management API (/experiments/api/{slug}), where the experiment is known by its uid alone"
            );
        }
        return slug;
    }

    private static string ReadUid(JsonFields fields)
    {
        var uid = fields.RequiredText("uid", null, ExperimentRules.UidCharsMax);
        if (uid.Length > 0 && !Lifecycle.IsUid(uid))
        {
            fields.Violate(
                "uid",
                "must be exp_ and then letters, digits, underscores and hyphens",
                ViolationCodes.InvalidFormat
            );
        }
        return uid;
    }

    private static int ReadHashVersion(JsonFields fields)
    {
        const int Version = Experiment.CurrentHashVersion;
        var version = fields.Integer("hashVersion", Version, Version, 1, int.MaxValue);
        if (version != Version)
        {
            fields.Violate(
                "hashVersion",
                $"must be {Version}, the only bucketing rule this version knows",
                ViolationCodes.InvalidValue
            );
        }
        return version;
    }

    private static double ReadThreshold(JsonFields fields, double absent)
    {
        var threshold = fields.Number("confidenceThreshold", absent, Blank.ConfidenceThreshold);
        if (threshold is not (> 0 and < 1))
        {
            fields.Violate("confidenceThreshold", "must be greater than 0 and less than 1", ViolationCodes.OutOfRange);
        }
        return threshold;
    }

    private static Experiment ReadWinner(JsonFields fields, Experiment experiment)
    {
        var winner = fields.Text("winnerVariantId", null, ExperimentRules.VariantIdCharsMax);
        if (winner is not null && experiment.Variants.All(variant => variant.Id != winner))
        {
            fields.Violate("winnerVariantId", "must be the id of one of the variants", ViolationCodes.InvalidValue);
        }
        else if (
            winner is not null
            && experiment.Status is not (ExperimentStatus.Completed or ExperimentStatus.Archived)
        )
        {
            fields.Violate(
                "winnerVariantId",
                "must be null unless the status is completed",
                ViolationCodes.InvalidValue
            );
        }
        return experiment with { WinnerVariantId = winner, WinnerDeclaredAt = fields.Instant("winnerDeclaredAt") };
    }

    private static List<SlotRange>? ReadSlots(JsonFields fields)
    {
        if (!fields.TryArray("slots", out var array))
        {
            return null;
        }
        var slots = new List<SlotRange>();
        var from = 0;
        foreach (var element in array.EnumerateArray())
        {
            if (slots.Count == ExperimentRules.SlotRangesMax || element.ValueKind != JsonValueKind.Object)
            {
                fields.Violate("slots", "must be objects with to and variant", ViolationCodes.InvalidType);
                return null;
            }
            var members = new JsonFields(element, $"slots[{slots.Count}]", fields.Violations);
            var to = members.Integer("to", 0, 0, from + 1, ExperimentRules.WeightsSum);
            var variant = members.RequiredText("variant", null, ExperimentRules.VariantIdCharsMax);
            if (to <= from)
            {
                if (!members.TryGet("to", out _))
                {
                    members.Violate("to", "is required", ViolationCodes.Required);
                }
                return null;
            }
            slots.Add(new SlotRange(to, variant));
            from = to;
        }
        if (from != ExperimentRules.WeightsSum)
        {
            fields.Violate("slots", $"must end at {ExperimentRules.WeightsSum}", ViolationCodes.OutOfRange);
        }
        return slots;
    }
}
