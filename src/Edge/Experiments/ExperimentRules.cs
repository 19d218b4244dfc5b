using Edge.Formats;

namespace Edge.Experiments;

/// <summary>Every limit of an experiment's definition; those that an operator can set are properties.</summary>
internal sealed record ExperimentRules
{
    /// <summary>The limits of a self-hosted service without a plan.</summary>
    public static readonly ExperimentRules Default = new();

    /// <summary>Minimum number of variants (published schema: minItems 2).</summary>
    public const int VariantsMin = 2;

    /// <summary>The sum of the weights of all variants, basis points.</summary>
    public const int WeightsSum = BasisPoints.Whole;

    /// <summary>Longest name of an experiment or variant, in characters (published schema).</summary>
    public const int NameCharsMax = 255;

    /// <summary>Longest hypothesis, in characters (published schema).</summary>
    public const int HypothesisCharsMax = 500;

    /// <summary>
    /// Longest variant id; bounded although the schema does not say so, because every event repeats it.
    /// </summary>
    public const int VariantIdCharsMax = 64;

    /// <summary>Longest uid, prefix included; bounds the input of the bucket hash.</summary>
    public const int UidCharsMax = 64;

    /// <summary>Longest template uid or team name.</summary>
    public const int ReferenceCharsMax = 255;

    /// <summary>Largest template variables of one variant, bytes of JSON as written.</summary>
    public const int VariablesBytesMax = 64 * 1024;

    /// <summary>Deepest nesting of groups; the published text says depth 3 and counts it in two ways.</summary>
    public const int ConditionGroupDepthMax = 3;

    /// <summary>Maximum number of nodes of a condition tree, which bounds the cost of a request.</summary>
    public const int ConditionNodesMax = 100;

    /// <summary>Maximum number of values of a set operator: more than there are countries.</summary>
    public const int ConditionValuesMax = 300;

    /// <summary>
    /// Longest text a property is compared with, and longest query parameter that is read, in characters.
    /// </summary>
    public const int ConditionTextCharsMax = 256;

    /// <summary>Longest cron expression.</summary>
    public const int CronCharsMax = 256;

    /// <summary>Maximum number of query parameters that clicks pass on, beginnings of names included.</summary>
    public const int PassedNamesMax = 32;

    /// <summary>Longest name of such a parameter.</summary>
    public const int PassedNameCharsMax = 64;

    /// <summary>Longest attribution window, minutes: 30 days.</summary>
    public const int AttributionMinutesMax = 30 * 1440;

    /// <summary>
    /// Longest attribution window without stable units, minutes: units have another hash each day, and only that of the
    /// day before is known.
    /// </summary>
    public const int DailyAttributionMinutesMax = 1440;

    /// <summary>Longest interval between two recomputations of weights: a day.</summary>
    public const int RecomputeIntervalMinutesMax = 1440;

    /// <summary>Maximum number of runs of a slot table: one per bucket.</summary>
    public const int SlotRangesMax = 10_000;

    /// <summary>Maximum number of violations reported at once; more would not help anyone.</summary>
    public const int ViolationsMax = 100;

    /// <summary>Maximum number of variants of one experiment; a plan may lower it.</summary>
    public int VariantsMax { get; init; } = 20;

    /// <summary>Whether redirect targets must be https.</summary>
    public bool HttpsOnly { get; init; }

    /// <summary>Schemes beside https and http that a destination may have.</summary>
    public IReadOnlyList<string> SchemesAllowed { get; init; } = [];
}
