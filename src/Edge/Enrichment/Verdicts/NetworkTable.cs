namespace Edge.Enrichment.Verdicts;

/// <summary>
/// Finds the rules whose networks contain an address. The networks, which may be nested, are split into ranges of
/// addresses with the same set of rules; a look-up is a binary search over the starts of the ranges. Immutable, thread
/// safe, allocates nothing per look-up; addresses are compared as bits and not stored.
/// </summary>
internal sealed class NetworkTable
{
    private readonly uint[] _startsV4;
    private readonly RuleSet[] _rulesV4;
    private readonly UInt128[] _startsV6;
    private readonly RuleSet[] _rulesV6;

    /// <param name="rules">The rules, in order of their index.</param>
    public NetworkTable(IReadOnlyList<VerdictRule> rules)
    {
        (var starts, _rulesV4) = Cut(rules, isV4: true);
        _startsV4 = Array.ConvertAll(starts, start => (uint)start);
        (_startsV6, _rulesV6) = Cut(rules, isV4: false);
    }

    /// <summary>The rules with a network that contains the address.</summary>
    public RuleSet Find(UInt128 address, bool isV4) =>
        isV4 ? Find(_startsV4, _rulesV4, (uint)address) : Find(_startsV6, _rulesV6, address);

    /// <summary>The rules of the range that contains the address; range starts are distinct.</summary>
    private static RuleSet Find<T>(T[] starts, RuleSet[] rules, T address)
        where T : struct, IComparable<T>
    {
        var found = starts.AsSpan().BinarySearch(address);
        var stretch = found >= 0 ? found : ~found - 1;
        return stretch < 0 ? default : rules[stretch];
    }

    private static (UInt128[] Starts, RuleSet[] Rules) Cut(IReadOnlyList<VerdictRule> rules, bool isV4)
    {
        var last = isV4 ? uint.MaxValue : UInt128.MaxValue;
        var edges = new List<(UInt128 At, int Rule, int Change)>();
        for (var rule = 0; rule < rules.Count; rule++)
        {
            foreach (var network in rules[rule].Networks)
            {
                if (network.IsV4 != isV4)
                {
                    continue;
                }

                edges.Add((network.First, rule, 1));
                if (network.Last != last)
                {
                    edges.Add((network.Last + 1, rule, -1));
                }
            }
        }
        edges.Sort(static (left, right) => left.At.CompareTo(right.At));
        var starts = new List<UInt128>();
        var sets = new List<RuleSet>();
        // Number of networks of each rule that contain the current address; networks may be nested.
        var depth = new int[rules.Count];
        for (var i = 0; i < edges.Count;)
        {
            var at = edges[i].At;
            for (; i < edges.Count && edges[i].At == at; i++)
            {
                depth[edges[i].Rule] += edges[i].Change;
            }

            var set = default(RuleSet);
            for (var rule = 0; rule < depth.Length; rule++)
            {
                if (depth[rule] > 0)
                {
                    set = set.With(rule);
                }
            }

            starts.Add(at);
            sets.Add(set);
        }
        return ([.. starts], [.. sets]);
    }
}
