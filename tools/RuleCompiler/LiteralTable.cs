namespace Edge.RuleCompiler;

/// <summary>
/// Chooses, for each rule, the list of literals that makes it a candidate, and the lists that must be met besides. Numbers the
/// literals of all rules.
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
        "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/126.0.0.0 safari/537.36 edg/126.0.0.0",
        "mozilla/5.0 (linux; android 14; sm-s918b build/up1a.231005.007) applewebkit/537.36 (khtml, like gecko) version/4.0 chrome/126.0.0.0 mobile safari/537.36",
        "mozilla/5.0 (iphone; cpu iphone os 17_5 like mac os x) applewebkit/605.1.15 (khtml, like gecko) version/17.5 mobile/15e148 safari/604.1",
        "mozilla/5.0 (macintosh; intel mac os x 10_15_7) applewebkit/605.1.15 (khtml, like gecko) version/17.5 safari/605.1.15",
        "mozilla/5.0 (x11; linux x86_64; rv:127.0) gecko/20100101 firefox/127.0",
        "; wv) [fb_iab/fb4a;fbav/; u; en-us; (compatible; bot.html) http://www.",
    ];

    private readonly Dictionary<string, int> _numbers = [];

    public List<string> Literals { get; } = [];

    /// <summary>The choice for one pattern; an empty trigger means that the rule is always a candidate.</summary>
    public (List<int> Trigger, List<List<int>> Further) Choose(Pattern pattern)
    {
        var lists = RequiredLiterals.Of(pattern).ConvertAll(Cut).DistinctBy(list => string.Join('\0', list)).OrderByDescending(Rarity).ToList();
        if (lists.Count == 0) return ([], []);
        var further = lists.Skip(1).Where(list => list.Length <= FurtherListLengthMax).Take(FurtherListsMax);
        return (Number(lists[0]), [.. further.Select(Number)]);
    }

    private static string[] Cut(string[] list) => [.. list.Select(text => text[..Math.Min(text.Length, LengthMax)]).Distinct()];

    /// <summary>How much the list's most common literal tells: its length, halved for each everyday shape that it stands in.</summary>
    private static double Rarity(string[] list) =>
        list.Min(text => text.Length / Math.Pow(2, Everyday.Count(shape => shape.Contains(text, StringComparison.Ordinal))));

    private List<int> Number(string[] list) => [.. list.Select(text =>
    {
        if (_numbers.TryGetValue(text, out var number)) return number;
        _numbers.Add(text, number = Literals.Count);
        Literals.Add(text);
        return number;
    })];
}
