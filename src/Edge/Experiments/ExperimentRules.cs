using Edge.Formats;

namespace Edge.Experiments;

/// <summary>Every limit of an experiment's definition; the ones that an operator chooses are properties.</summary>
internal sealed record ExperimentRules
{
    /// <summary>The limits of a self-hosted service without plans.</summary>
    public static readonly ExperimentRules Default = new();

    /// <summary>Most variants of one experiment; plans may lower it.</summary>
    public int VariantsMax { get; init; } = 20;

    /// <summary>Refuses plain http as a redirect target.</summary>
    public bool HttpsOnly { get; init; }

    /// <summary>Fewest variants: with one there is nothing to choose (published schema: minItems 2).</summary>
    public const int VariantsMin = 2;

    /// <summary>What the weights of all variants must sum to.</summary>
    public const int WeightsSum = BasisPoints.Whole;

    /// <summary>Longest name of an experiment or variant, in characters (published schema).</summary>
    public const int NameCharsMax = 255;

    /// <summary>Longest hypothesis, in characters (published schema).</summary>
    public const int HypothesisCharsMax = 500;

    /// <summary>Longest variant id; an event repeats it, so it is bounded though the schema does not say so.</summary>
    public const int VariantIdCharsMax = 64;

    /// <summary>Longest uid, prefix included; bounds the input of the bucket hash.</summary>
    public const int UidCharsMax = 64;

    /// <summary>Longest template uid or team name.</summary>
    public const int ReferenceCharsMax = 255;

    /// <summary>Most bytes of one variant's template variables as written.</summary>
    public const int VariablesBytesMax = 64 * 1024;

    /// <summary>Most groups inside one another; the published text says depth 3 and counts them two ways.</summary>
    public const int ConditionGroupDepthMax = 3;

    /// <summary>Most nodes of one condition tree, so that one request cannot cost much.</summary>
    public const int ConditionNodesMax = 100;

    /// <summary>Most values of one set operator: more than there are countries.</summary>
    public const int ConditionValuesMax = 300;

    /// <summary>Longest text a property is compared with, and longest query parameter that is looked at.</summary>
    public const int ConditionTextCharsMax = 256;

    /// <summary>Longest cron expression.</summary>
    public const int CronCharsMax = 256;

    /// <summary>Longest pause between two recomputations of weights: a day.</summary>
    public const int RecomputeIntervalMinutesMax = 1440;

    /// <summary>Most runs of a slot table: every bucket its own.</summary>
    public const int SlotRangesMax = 10_000;

    /// <summary>Most violations that are reported at once; a reader of more than this fixes nothing faster.</summary>
    public const int ViolationsMax = 100;
}
