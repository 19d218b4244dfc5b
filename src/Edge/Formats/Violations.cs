using Edge.Experiments;

namespace Edge.Formats;

/// <summary>
/// Collects violations up to a limit, so that a hostile input cannot make a huge answer. One reader at a time.
/// </summary>
internal sealed class Violations
{
    private readonly List<Violation> _list = [];

    /// <summary>What was found, in the order of reading.</summary>
    public IReadOnlyList<Violation> List => _list;

    /// <summary>How many were found, at most the limit.</summary>
    public int Count => _list.Count;

    /// <summary>Notes one; beyond the limit it is only not noted.</summary>
    public void Add(string field, string message, string code)
    {
        if (_list.Count < ExperimentRules.ViolationsMax)
        {
            _list.Add(new Violation(field, message, code));
        }
    }
}
