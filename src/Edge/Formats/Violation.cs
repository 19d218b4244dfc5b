using Edge.Experiments;

namespace Edge.Formats;

/// <summary>One thing that is wrong with an input.</summary>
/// <param name="Field">Dotted path such as <c>variants[1].weight</c>; empty for the input as a whole.</param>
/// <param name="Message">What is expected, as the rest of a sentence that begins with the field.</param>
/// <param name="Code">One of <see cref="ViolationCodes"/>.</param>
internal readonly record struct Violation(string Field, string Message, string Code);

/// <summary>The closed set of codes; the first five are published, the others ours.</summary>
internal static class ViolationCodes
{
    /// <summary>A member is missing, null or blank.</summary>
    public const string Required = "required";

    /// <summary>A member has another JSON type than it must have.</summary>
    public const string InvalidType = "invalid_type";

    /// <summary>A number, a count or a depth is outside its bounds.</summary>
    public const string OutOfRange = "out_of_range";

    /// <summary>A text does not have the form it must have.</summary>
    public const string InvalidFormat = "invalid_format";

    /// <summary>A text or object is longer than it may be.</summary>
    public const string TooLong = "too_long";

    /// <summary>A value is well-formed but not one of the allowed ones.</summary>
    public const string InvalidValue = "invalid_value";

    /// <summary>A value that must be unique is not.</summary>
    public const string NotUnique = "not_unique";

    /// <summary>A member may not change while the experiment has its status.</summary>
    public const string NotEditable = "not_editable";

    /// <summary>The weights do not sum to 10,000.</summary>
    public const string WeightSum = "weight_sum";

    /// <summary>A member that has no meaning, such as a misspelt one.</summary>
    public const string UnknownMember = "unknown_member";
}

/// <summary>
/// Collects violations up to a limit, so that a hostile input cannot make a huge answer. One reader at a time.
/// </summary>
internal sealed class Violations
{
    private readonly List<Violation> _list = [];
    private readonly List<Violation> _unknown = [];

    /// <summary>What was found, in the order of reading.</summary>
    public IReadOnlyList<Violation> List => _list;

    /// <summary>
    /// Members that nobody reads and values that stand for nothing, apart from the rest: a stored file may have them.
    /// </summary>
    public IReadOnlyList<Violation> Unknown => _unknown;

    /// <summary>Whether no more of <see cref="Unknown"/> are noted.</summary>
    public bool IsFullOfUnknown => _unknown.Count >= ExperimentRules.ViolationsMax;

    /// <summary>How many were found, at most the limit.</summary>
    public int Count => _list.Count;

    /// <summary>Notes one of <see cref="Unknown"/>; beyond the limit it is only not noted.</summary>
    public void AddUnknown(string field, string message, string code)
    {
        if (!IsFullOfUnknown)
        {
            _unknown.Add(new Violation(field, message, code));
        }
    }

    /// <summary>Notes one; beyond the limit it is only not noted.</summary>
    public void Add(string field, string message, string code)
    {
        if (_list.Count < ExperimentRules.ViolationsMax)
        {
            _list.Add(new Violation(field, message, code));
        }
    }
}
