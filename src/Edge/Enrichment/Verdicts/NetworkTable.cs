namespace Edge.Enrichment;

/// <summary>
/// Which rules an address is in the networks of. The networks, nested or not, are cut into stretches of addresses that all have the same
/// rules; a lookup is one binary search over where they begin. Immutable, thread safe, allocates nothing per lookup; addresses are compared as
/// bits and kept nowhere.
/// </summary>
internal sealed class NetworkTable
{
    private readonly uint[] _startsV4;
    private readonly RuleSet[] _rulesV4;
    private readonly UInt128[] _startsV6;
    private readonly RuleSet[] _rulesV6;

    /// <param name="rules">The rules in the order of their places.</param>
    public NetworkTable(IReadOnlyList<VerdictRule> rules)
    {
        (var starts, _rulesV4) = Cut(rules, isV4: true);
        _startsV4 = Array.ConvertAll(starts, start => (uint)start);
        (_startsV6, _rulesV6) = Cut(rules, isV4: false);
    }

    /// <summary>The rules with a network that holds the address.</summary>
    public RuleSet Find(UInt128 address, bool isV4)
    {
        if (isV4)
        {
            var v4 = (uint)address;
            var (from, to) = (0, _startsV4.Length);
            while (from < to)
            {
                var middle = (int)((uint)(from + to) >> 1);
                if (_startsV4[middle] <= v4) from = middle + 1;
                else to = middle;
            }
            return from == 0 ? default : _rulesV4[from - 1];
        }
        else
        {
            var (from, to) = (0, _startsV6.Length);
            while (from < to)
            {
                var middle = (int)((uint)(from + to) >> 1);
                if (_startsV6[middle] <= address) from = middle + 1;
                else to = middle;
            }
            return from == 0 ? default : _rulesV6[from - 1];
        }
    }

    private static (UInt128[] Starts, RuleSet[] Rules) Cut(IReadOnlyList<VerdictRule> rules, bool isV4)
    {
        var last = isV4 ? uint.MaxValue : UInt128.MaxValue;
        var edges = new List<(UInt128 At, int Rule, int Change)>();
        for (var rule = 0; rule < rules.Count; rule++)
        {
            foreach (var network in rules[rule].Networks)
            {
                if (network.IsV4 != isV4) continue;
                edges.Add((network.First, rule, 1));
                if (network.Last != last) edges.Add((network.Last + 1, rule, -1));
            }
        }
        edges.Sort(static (left, right) => left.At.CompareTo(right.At));
        var starts = new List<UInt128>();
        var sets = new List<RuleSet>();
        // How many networks of each rule an address is in: they may lie within each other.
        var depth = new int[rules.Count];
        for (var i = 0; i < edges.Count;)
        {
            var at = edges[i].At;
            for (; i < edges.Count && edges[i].At == at; i++) depth[edges[i].Rule] += edges[i].Change;
            var set = default(RuleSet);
            for (var rule = 0; rule < depth.Length; rule++)
                if (depth[rule] > 0) set = set.With(rule);
            starts.Add(at);
            sets.Add(set);
        }
        return ([.. starts], [.. sets]);
    }
}
