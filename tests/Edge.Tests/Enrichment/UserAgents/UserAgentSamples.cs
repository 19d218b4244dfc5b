using System.Text;
using System.Text.Json;
using Edge.Enrichment.UserAgents;
using Edge.RuleCompiler;
using Edge.Tests.Support;

namespace Edge.Tests.Enrichment.UserAgents;

/// <summary>
/// User agents to compare parsers on: collected ones (the npm packages crawler-user-agents and random-useragent, MIT),
/// texts made from the rules themselves, and damaged and combined forms of both. The same seed gives the same list.
/// </summary>
internal static class UserAgentSamples
{
    private const string Alphabet =
        " ;/()._-:,+[]{}|\\0123456789aAbBkKiIzZ\t\u00e9\u212a\u0130\u200d\u0663\u00a0\u4e2d\n";

    private static readonly string[] Frames =
    [
        "{0}",
        "Mozilla/5.0 {0}",
        "Mozilla/5.0 (Linux; Android 10; {0}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; U; Android 4.4.2; en-us; {0} Build/KOT49H) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Safari/534.30",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 {0}",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 {0}",
    ];

    private static readonly string Packages = Path.Combine(Repository.Root, "tools", "RuleCompiler", "node_modules");

    /// <summary>The rules as written.</summary>
    public static Dictionary<string, List<Rule>> ReadRules() =>
        RuleFile.Read(File.ReadLines(Path.Combine(Packages, "uap-core", "regexes.yaml")));

    /// <summary>Real user agents, in the order of their packages.</summary>
    public static List<string> Collected()
    {
        using var crawlers = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(Packages, "crawler-user-agents", "crawler-user-agents.json"))
        );
        using var browsers = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(Packages, "random-useragent", "useragent-data.json"))
        );
        return
        [
            .. crawlers
                .RootElement.EnumerateArray()
                .SelectMany(crawler => crawler.GetProperty("instances").EnumerateArray().Select(Text)),
            .. browsers.RootElement.EnumerateArray().Select(browser => Text(browser.GetProperty("userAgent"))),
        ];

        static string Text(JsonElement element) => Cut(element.GetString()!);
    }

    /// <summary>
    /// Texts made from every rule, damaged and combined with each other and with collected ones, until there are
    /// enough.
    /// </summary>
    public static List<string> Generated(
        Dictionary<string, List<Rule>> rules,
        List<string> collected,
        int count,
        int seed
    )
    {
        var random = new Random(seed);
        var patterns = rules
            .Values.SelectMany(section => section)
            .Select(rule => (Pattern: PatternParser.Parse(rule.Pattern, rule.IgnoresCase), rule.IgnoresCase))
            .ToArray();
        var made = new List<string>(count);
        for (var i = 0; made.Count < count; i++)
        {
            var (pattern, ignoresCase) = patterns[i % patterns.Length];
            var text = new StringBuilder();
            Write(pattern, text, random);
            var agent = string.Format(
                null,
                Frames[random.Next(Frames.Length)],
                ignoresCase ? Shuffle(text.ToString(), random) : text.ToString()
            );
            made.Add(
                Cut(
                    random.Next(4) switch
                    {
                        0 => agent,
                        1 => Damage(agent, random),
                        2 => Damage(Combine(agent, collected[random.Next(collected.Count)], random), random),
                        _ => Combine(agent, made.Count > 0 ? made[random.Next(made.Count)] : agent, random),
                    }
                )
            );
        }
        return made;
    }

    /// <summary>
    /// Texts of full length that want to be slow: many rules' texts in one, one rule's text over and over, and the
    /// words that make rules candidates between long runs of what their loops take.
    /// </summary>
    public static IEnumerable<string> Hostile(Dictionary<string, List<Rule>> rules, int count, int seed)
    {
        string[] runs =
        [
            "a",
            "1",
            " ",
            ";",
            "; ",
            "1.",
            "HTC_",
            "HTC ",
            "Lenovo",
            "Cross",
            "Android",
            "Android;",
            "/",
            "_",
            "x/1.",
            "-",
            ".0 ",
            "Z9",
        ];
        string[] words =
        [
            "Android ",
            "; ",
            " Build/",
            ") AppleWebKit",
            "Mozilla/5.0 (Linux; U; ",
            "CFNetwork",
            "Mobile ",
            " bot",
            "http://",
            "Profile/MIDP-",
            "Opera/9 ",
            "SAMSUNG-",
            "; wv) ",
            "Windows Phone ",
            "Linux ",
            "Chrome/1.1.1.1 ",
            "Safari/",
            "Version/",
            "MSIE 7.0;",
            "Tablet",
            "spider",
            "crawler",
            ";FBAV/",
        ];
        var random = new Random(seed);
        var patterns = rules
            .Values.SelectMany(section => section)
            .Select(rule => PatternParser.Parse(rule.Pattern, rule.IgnoresCase))
            .ToArray();
        var text = new StringBuilder();
        for (var made = 0; made < count; made++)
        {
            text.Clear();
            var kind = made % 4;
            var (pattern, run) = (patterns[random.Next(patterns.Length)], runs[random.Next(runs.Length)]);
            if (random.Next(2) == 0)
            {
                text.Append("Mozilla/5.0 (Linux; Android 4.4; ");
            }

            while (text.Length < UserAgentText.MaxBytes)
            {
                if (kind is 0 or 3)
                {
                    pattern = patterns[random.Next(patterns.Length)];
                }

                if (kind != 2)
                {
                    Write(pattern, text, random);
                }

                if (kind is 2 or 3)
                {
                    text.Append(words[random.Next(words.Length)]);
                }

                if (kind is 2 or 3)
                {
                    text.Insert(text.Length, run, random.Next(1, 24));
                }

                if (random.Next(6) == 0)
                {
                    run = runs[random.Next(runs.Length)];
                }

                if (text.Length == 0)
                {
                    text.Append(run);
                }
            }
            yield return text.ToString(0, UserAgentText.MaxBytes);
        }
    }

    private static void Write(Pattern pattern, StringBuilder text, Random random)
    {
        switch (pattern)
        {
            case Pattern.Chars chars:
                text.Append(OneOf(chars.Set, random));
                break;
            case Pattern.Sequence sequence:
                foreach (var item in sequence.Items)
                {
                    Write(item, text, random);
                }

                break;
            case Pattern.Choice choice:
                Write(choice.Branches[random.Next(choice.Branches.Count)], text, random);
                break;
            case Pattern.Group group:
                Write(group.Item, text, random);
                break;
            case Pattern.Repeat repeat:
                // Mostly few, sometimes up to and beyond the bound.
                var most =
                    random.Next(8) == 0
                        ? Math.Min(repeat.Max ?? 40, 250) + 1
                        : Math.Min(repeat.Max ?? 4, repeat.Min + 3);
                for (var i = random.Next(repeat.Min, Math.Max(repeat.Min, most) + 1); i > 0; i--)
                {
                    Write(repeat.Item, text, random);
                }

                break;
        }
    }

    private static char OneOf(CharSet set, Random random)
    {
        const string Likely = "aeXZ0159 ._-/";
        for (var tries = 0; tries < 8; tries++)
        {
            if (Likely[random.Next(Likely.Length)] is var likely && set.Has(likely))
            {
                return likely;
            }
        }

        for (var tries = 0; tries < 2_000; tries++)
        {
            if ((char)random.Next(RuleFormat.Ascii) is var any && set.Has(any))
            {
                return any;
            }
        }

        return 'x';
    }

    private static string Damage(string text, Random random)
    {
        var damaged = new StringBuilder(text);
        for (var times = random.Next(1, 4); times > 0 && damaged.Length > 0; times--)
        {
            var at = random.Next(damaged.Length);
            switch (random.Next(5))
            {
                case 0:
                    damaged.Remove(at, Math.Min(random.Next(1, 6), damaged.Length - at));
                    break;
                case 1:
                    damaged.Insert(at, Alphabet[random.Next(Alphabet.Length)].ToString(), random.Next(1, 4));
                    break;
                case 2:
                    damaged[at] = Alphabet[random.Next(Alphabet.Length)];
                    break;
                case 3:
                    damaged.Insert(
                        random.Next(damaged.Length),
                        damaged.ToString(at, Math.Min(random.Next(1, 60), damaged.Length - at))
                    );
                    break;
                default:
                    damaged[at] = char.IsAsciiLetterLower(damaged[at])
                        ? char.ToUpperInvariant(damaged[at])
                        : char.ToLowerInvariant(damaged[at]);
                    break;
            }
        }
        return damaged.ToString();
    }

    private static string Combine(string one, string other, Random random) =>
        random.Next(3) switch
        {
            0 => one + " " + other,
            1 => one[..random.Next(one.Length + 1)] + other[random.Next(other.Length + 1)..],
            _ => other.Insert(random.Next(other.Length + 1), one),
        };

    private static string Shuffle(string text, Random random) =>
        new([
            .. text.Select(c =>
                random.Next(3) == 0 ? char.ToUpperInvariant(c)
                : random.Next(2) == 0 ? char.ToLowerInvariant(c)
                : c
            ),
        ]);

    private static string Cut(string text) =>
        text.Length > UserAgentText.MaxBytes ? text[..UserAgentText.MaxBytes] : text;
}
