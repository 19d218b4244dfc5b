using System.Text.Json;
using Edge.Events;
using Edge.Formats;

namespace Edge.Enrichment.Verdicts;

/// <summary>
/// Reads one file of rules: <c>{"networks": {NAME: {"cidrs": [...]}}, "rules": [...], "late": [...]}</c>, as described in
/// <c>docs/enrichment.md</c>. Reports every mistake; a file with any mistake is not used at all, because applying half
/// of it would mean something else. Never throws for input.
/// </summary>
internal sealed class VerdictRuleReader
{
    /// <summary>Largest file, bytes.</summary>
    public const int FileMaxBytes = 1 << 20;

    /// <summary>Maximum number of texts or networks in a list.</summary>
    public const int ListMax = 10_000;

    private static readonly string[] FileMembers = ["about", "networks", "rules", "late"];

    private static readonly string[] ListMembers = ["source", "cidrs"];

    private static readonly string[] RuleMembers =
    [
        "id",
        "verdict",
        "scope",
        "certainty",
        "mode",
        "enforcedBy",
        "userAgentIs",
        "userAgentContains",
        "userAgentWordEnds",
        "userAgentExcept",
        "networks",
        "header",
        "source",
    ];

    private static readonly string[] LateMembers =
    [
        "id",
        "verdict",
        "by",
        "certainty",
        "mode",
        "enforcedBy",
        "decoy",
        "links",
        "withinMs",
        "once",
        "sentSeconds",
        "afterRules",
        "source",
    ];

    private static readonly JsonDocumentOptions Lenient = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private static readonly JsonReaderOptions LenientReading = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private readonly bool _isBuiltIn;
    private readonly Dictionary<string, List<VerdictNetwork>> _networks = new(StringComparer.Ordinal);

    /// <param name="isBuiltIn">Whether these are the built-in rules.</param>
    /// <param name="known">
    /// The reader of the built-in rules, whose network lists a custom file may use; null for the built-in file itself.
    /// </param>
    public VerdictRuleReader(bool isBuiltIn, VerdictRuleReader? known = null)
    {
        _isBuiltIn = isBuiltIn;
        foreach (var (name, list) in known?._networks ?? [])
        {
            _networks[name] = list;
        }
    }

    /// <summary>Problems, one line each; empty when the file may be used.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>The rules, in file order.</summary>
    public List<VerdictRule> Rules { get; } = [];

    /// <summary>The rules that judge clicks later, in file order.</summary>
    public List<LateRule> Late { get; } = [];

    /// <summary>Modes that a custom file sets for built-in rules.</summary>
    public List<(string Id, string Mode)> Modes { get; } = [];

    /// <summary>Reads the file; call once.</summary>
    public void Read(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, Lenient);
            if (!IsObject(document.RootElement, "", FileMembers))
            {
                return;
            }

            if (document.RootElement.TryGetProperty("networks", out var networks))
            {
                ReadNetworkLists(networks);
            }

            var hasLate = document.RootElement.TryGetProperty("late", out var late);
            if (!document.RootElement.TryGetProperty("rules", out var rules))
            {
                if (!hasLate)
                {
                    Problem("rules", "must be an array");
                }
            }
            else
            {
                ReadRules(rules, "rules", ReadRule);
            }

            if (hasLate)
            {
                ReadRules(late, "late", ReadLateRule);
            }
        }
        catch (JsonException e)
        {
            Problems.Add(JsonProblem.Describe(e, utf8.Span, LenientReading));
        }
        catch (InvalidOperationException)
        {
            Problems.Add("has half of a surrogate pair in a string");
        }
    }

    private void ReadRules(JsonElement rules, string path, Action<JsonElement, string> read)
    {
        if (rules.ValueKind != JsonValueKind.Array)
        {
            Problem(path, "must be an array");
            return;
        }

        var number = 0;
        foreach (var rule in rules.EnumerateArray())
        {
            read(rule, $"{path}[{number++}]");
        }
    }

    private void ReadNetworkLists(JsonElement lists)
    {
        if (lists.ValueKind != JsonValueKind.Object)
        {
            Problem("networks", "must be an object of named lists");
            return;
        }
        foreach (var list in lists.EnumerateObject())
        {
            var path = $"networks.{list.Name}";
            if (!IsId(list.Name))
            {
                Problem(path, "must have a name of lower-case letters, digits and underscores");
            }

            if (!IsObject(list.Value, path, ListMembers))
            {
                continue;
            }

            _networks[list.Name] =
            [
                .. Networks(Texts(list.Value, "cidrs", path), $"{path}.cidrs", areNamesAllowed: false),
            ];
        }
    }

    private void ReadRule(JsonElement rule, string path)
    {
        if (!IsObject(rule, path, RuleMembers))
        {
            return;
        }

        var before = Problems.Count;
        if (!TryReadHead(rule, path, out var id, out var mode))
        {
            return;
        }

        var verdict = Word(rule, "verdict", path, VerdictNames.All);
        var scope = Word(rule, "scope", path, ["all", "pixel", "click", "api"]);
        var certainty = Word(rule, "certainty", path, ["certain", "probable"]);
        var enforcedBy = Text(rule, "enforcedBy", path) ?? "";
        if (enforcedBy.Length > 0 && !_isBuiltIn)
        {
            Problem($"{path}.enforcedBy", "is for built-in rules; use mode enforced");
        }

        var (header, headerContains) = Header(rule, path);
        var read = new VerdictRule
        {
            Id = id,
            Verdict = verdict is null ? Verdict.Human : VerdictNames.Find(verdict),
            Scopes = scope switch
            {
                "pixel" => VerdictScope.Pixel,
                "click" => VerdictScope.Click,
                "api" => VerdictScope.Api,
                _ => VerdictScope.All,
            },
            IsCertain = certainty == "certain",
            IsEnforced = mode == "enforced",
            EnforcedBy = enforcedBy,
            AgentIs = Texts(rule, "userAgentIs", path),
            AgentContains = Tokens(rule, "userAgentContains", path),
            AgentWordEnds = Tokens(rule, "userAgentWordEnds", path),
            AgentExcept = Tokens(rule, "userAgentExcept", path),
            Networks = [.. Networks(Texts(rule, "networks", path), $"{path}.networks", areNamesAllowed: true)],
            Header = header,
            HeaderContains = headerContains,
            IsBuiltIn = _isBuiltIn,
        };
        // A condition with a mistake in it has already been reported.
        if (!read.LooksAtAgent && read.Networks.Count == 0 && header.Length == 0 && Problems.Count == before)
        {
            Problem(path, "has no condition: give a user agent, a network or a header");
        }

        CheckOnce(id, path);
        Rules.Add(read);
    }

    private void ReadLateRule(JsonElement rule, string path)
    {
        if (!IsObject(rule, path, LateMembers) || !TryReadHead(rule, path, out var id, out var mode))
        {
            return;
        }

        var scope = Word(rule, "by", path, ["message", "address", "visit"]);
        var isVisit = scope == "visit";
        var verdict = Word(rule, "verdict", path, isVisit ? ["human"] : ["prefetch", "scanner", "bot"]);
        var certainty = Word(rule, "certainty", path, ["certain", "probable"]);
        var enforcedBy = Text(rule, "enforcedBy", path) ?? "";
        if (enforcedBy.Length > 0 && !_isBuiltIn)
        {
            Problem($"{path}.enforcedBy", "is for built-in rules; use mode enforced");
        }

        var isDecoy = Flag(rule, "decoy", path);
        var links = Number(rule, "links", path, 2, LateRule.LinksMax);
        var sent = Sent(rule, path);
        if (isVisit ? isDecoy || links is not null : isDecoy == links is not null)
        {
            Problem(path, isVisit ? "is by visit, so it has neither decoy nor links" : "needs either decoy or links");
        }

        if (sent is not null && scope != "message")
        {
            Problem($"{path}.sentSeconds", "is for rules by message: only signed links say when they were sent");
        }

        CheckOnce(id, path);
        Late.Add(
            new LateRule
            {
                Id = id,
                Verdict = verdict is null ? Verdict.Human : VerdictNames.Find(verdict),
                Scope =
                    isVisit ? LateScope.Visit
                    : scope == "address" ? LateScope.Address
                    : LateScope.Message,
                IsCertain = certainty == "certain",
                IsEnforced = mode == "enforced",
                EnforcedBy = enforcedBy,
                IsDecoy = isDecoy,
                Links = links ?? 0,
                WithinMs = Number(rule, "withinMs", path, 0, LateRule.WithinMsMax, isRequired: true) ?? 0,
                IsOnce = Flag(rule, "once", path),
                SentMs = sent,
                AfterRules = Texts(rule, "afterRules", path),
                IsBuiltIn = _isBuiltIn,
            }
        );
    }

    /// <summary>
    /// Reads what every rule begins with; false when it is only the mode of a built-in one.
    /// </summary>
    private bool TryReadHead(JsonElement rule, string path, out string id, out string mode)
    {
        id = Text(rule, "id", path) ?? "";
        if (!IsId(id))
        {
            Problem($"{path}.id", $"must be 1 to {VerdictRule.IdCharsMax} lower-case letters, digits and underscores");
        }

        mode = Word(rule, "mode", path, _isBuiltIn ? ["enforced", "shadow"] : ["enforced", "shadow", "off"]) ?? "";
        if (!_isBuiltIn && rule.EnumerateObject().Count() == 2 && mode.Length > 0)
        {
            Modes.Add((id, mode));
            return false;
        }

        if (mode == "off")
        {
            Problem($"{path}.mode", "can be off only for a built-in rule, given with its id alone; remove a custom rule instead");
        }

        return true;
    }

    private void CheckOnce(string id, string path)
    {
        if (Rules.Exists(other => other.Id == id) || Late.Exists(other => other.Id == id))
        {
            Problem($"{path}.id", $"'{id}' is used twice");
        }
    }

    private (long, long)? Sent(JsonElement rule, string path)
    {
        if (!rule.TryGetProperty("sentSeconds", out var range))
        {
            return null;
        }

        if (
            range.ValueKind == JsonValueKind.Array
            && range.GetArrayLength() == 2
            && range[0].ValueKind == JsonValueKind.Number
            && range[1].ValueKind == JsonValueKind.Number
            && range[0].TryGetInt32(out var from)
            && range[1].TryGetInt32(out var to)
            && from >= 0
            && from < to
            && to <= LateRule.SentSecondsMax
        )
        {
            return (from * 1_000L, to * 1_000L);
        }

        Problem(
            $"{path}.sentSeconds",
            $"must be two whole numbers from 0 to {LateRule.SentSecondsMax}, the smaller one first, such as [20, 300]"
        );
        return null;
    }

    private bool Flag(JsonElement owner, string name, string path)
    {
        if (!owner.TryGetProperty(name, out var value))
        {
            return false;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Problem($"{path}.{name}", "must be true or false");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    private int? Number(JsonElement owner, string name, string path, int min, int max, bool isRequired = false)
    {
        if (!owner.TryGetProperty(name, out var value) && !isRequired)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max)
        {
            return number;
        }

        Problem($"{path}.{name}", $"must be a whole number from {min} to {max}");
        return null;
    }

    private (string Name, IReadOnlyList<string> Contains) Header(JsonElement rule, string path)
    {
        if (!rule.TryGetProperty("header", out var header))
        {
            return ("", []);
        }

        if (!IsObject(header, $"{path}.header", ["name", "contains"]))
        {
            return ("", []);
        }

        var name = Text(header, "name", $"{path}.header") ?? "";
        var contains = Texts(header, "contains", $"{path}.header");
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            Problem($"{path}.header.name", "must be the name of a header");
        }

        if (contains.Count == 0 || contains.Contains(""))
        {
            Problem($"{path}.header.contains", "must be an array of non-empty strings");
        }

        return (name, contains);
    }

    private List<string> Tokens(JsonElement owner, string name, string path)
    {
        var texts = Texts(owner, name, path);
        foreach (var text in texts)
        {
            if (text.Length is < AgentTokens.TokenCharsMin or > AgentTokens.TokenCharsMax || !text.All(char.IsAscii))
            {
                Problem(
                    $"{path}.{name}",
                    $"'{Shown(text)}' must be {AgentTokens.TokenCharsMin} to {AgentTokens.TokenCharsMax} ASCII characters"
                );
            }
        }
        return texts;
    }

    private IEnumerable<VerdictNetwork> Networks(List<string> texts, string path, bool areNamesAllowed)
    {
        foreach (var text in texts)
        {
            if (areNamesAllowed && _networks.TryGetValue(text, out var list))
            {
                foreach (var network in list)
                {
                    yield return network;
                }
            }
            else if (VerdictNetworks.TryParse(text, out var network))
            {
                yield return network;
            }
            else
            {
                Problem(
                    path,
                    $"'{Shown(text)}' is neither a network such as 192.0.2.0/24 or 2001:db8::/32"
                        + (
                            areNamesAllowed
                                ? $" nor one of the lists {string.Join(", ", _networks.Keys)}"
                                : " nor an address"
                        )
                );
            }
        }
    }

    private List<string> Texts(JsonElement owner, string name, string path)
    {
        if (!owner.TryGetProperty(name, out var array))
        {
            return [];
        }

        if (
            array.ValueKind != JsonValueKind.Array
            || array.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String)
        )
        {
            Problem($"{path}.{name}", "must be an array of strings");
            return [];
        }
        if (array.GetArrayLength() > ListMax)
        {
            Problem($"{path}.{name}", $"must have at most {ListMax} items");
            return [];
        }
        return [.. array.EnumerateArray().Select(item => item.GetString()!)];
    }

    private string? Word(JsonElement owner, string name, string path, string[] words)
    {
        var text = Text(owner, name, path);
        if (text is not null && Array.IndexOf(words, text) >= 0)
        {
            return text;
        }

        Problem($"{path}.{name}", $"must be one of {string.Join(", ", words)}");
        return null;
    }

    private string? Text(JsonElement owner, string name, string path)
    {
        if (!owner.TryGetProperty(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        Problem($"{path}.{name}", "must be a string");
        return null;
    }

    private bool IsObject(JsonElement element, string path, string[] members)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Problem(path, "must be an object");
            return false;
        }
        foreach (var member in element.EnumerateObject())
        {
            if (Array.IndexOf(members, member.Name) < 0)
            {
                Problem(path, $"has an unknown member '{Shown(member.Name)}'; known are {string.Join(", ", members)}");
            }
        }

        return true;
    }

    private static bool IsId(string text) =>
        text.Length is > 0 and <= VerdictRule.IdCharsMax
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');

    private static string Shown(string text) =>
        text.Length <= VerdictRule.IdCharsMax ? text : text[..VerdictRule.IdCharsMax] + "...";

    private void Problem(string path, string message) => Problems.Add(path.Length == 0 ? message : $"{path} {message}");
}
