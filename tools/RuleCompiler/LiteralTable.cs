namespace Edge.RuleCompiler;

/// <summary>A literal; in lower case where case is ignored.</summary>
internal readonly record struct Literal(string Text, bool IgnoresCase);

/// <summary>
/// Chooses, for each rule, the list of literals that makes it a candidate, and the lists that must be met besides.
/// Numbers the literals of all rules.
/// </summary>
internal sealed class LiteralTable
{
    /// <summary>Longer literals are cut: their beginning is as rare, and the service's table stays small.</summary>
    private const int LengthMax = 10;

    /// <summary>Lists that are checked besides the one that makes a rule a candidate.</summary>
    private const int FurtherListsMax = 4;

    private const int FurtherListLengthMax = 12;

    /// <summary>Shapes that most visitors' user agents have; a literal that stands in them tells little.</summary>
    private static readonly string[] Everyday =
    [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
        "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
        "; wv) [FB_IAB/FB4A;FBAV/; U; en-us; (compatible; bot.html) http://www.",
    ];

    private readonly Dictionary<Literal, int> _numbers = [];

    public List<Literal> Literals { get; } = [];

    /// <summary>The choice for one pattern; an empty trigger means that the rule is always a candidate.</summary>
    public (List<int> Trigger, List<List<int>> Further) Choose(Pattern pattern, bool ignoresCase)
    {
        var lists = RequiredLiterals
            .Of(pattern, ignoresCase)
            .ConvertAll(Cut)
            .DistinctBy(list => string.Join('\0', list))
            .OrderByDescending(list => Rarity(list, ignoresCase))
            .ToList();
        if (lists.Count == 0)
        {
            return ([], []);
        }

        var further = lists.Skip(1).Where(list => list.Length <= FurtherListLengthMax).Take(FurtherListsMax);
        return (Number(lists[0], ignoresCase), [.. further.Select(list => Number(list, ignoresCase))]);
    }

    private static string[] Cut(string[] list) =>
        [.. list.Select(text => text[..Math.Min(text.Length, LengthMax)]).Distinct()];

    /// <summary>
    /// How much the list's most common literal tells: its length, halved for each everyday shape that it stands in.
    /// </summary>
    private static double Rarity(string[] list, bool ignoresCase)
    {
        var comparison = ignoresCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return list.Min(text => text.Length / Math.Pow(2, Everyday.Count(shape => shape.Contains(text, comparison))));
    }

    private List<int> Number(string[] list, bool ignoresCase) =>
        [
            .. list.Select(text =>
            {
                var literal = new Literal(text, ignoresCase);
                if (_numbers.TryGetValue(literal, out var number))
                {
                    return number;
                }
                _numbers.Add(literal, number = Literals.Count);
                Literals.Add(literal);
                return number;
            }),
        ];
}
