using System.Globalization;
using System.Text.Json;
using Edge.Experiments;
using Edge.Experiments.Conditions;
using Edge.Selection.Conditions;

namespace Edge.Lint;

/// <summary>
/// Enumerates the combinations of outcomes that a set of rules can have. Rules on different properties are independent.
/// The rules on one property are evaluated for all values that distinguish them: every value where there are few
/// (hours, weekdays, devices, countries), else the values that the rules name and values between them. Where the rules
/// on a property cannot be covered exactly that vector, every combination is assumed possible.
/// </summary>
internal sealed class RuleOutcomes
{
    /// <summary>Values of device.type.</summary>
    public static readonly string[] DeviceTypes = ["mobile", "desktop", "tablet"];

    /// <summary>Values of device.os.</summary>
    public static readonly string[] Systems = ["iOS", "Android", "Windows", "macOS", "Linux", "ChromeOS"];

    /// <summary>
    /// Maximum number of rules on one property whose outcomes are assumed independent; each doubles the combinations.
    /// </summary>
    private const int FreeRulesMax = 8;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<(int[] Rules, List<bool[]> Vectors)> _properties = [];
    private readonly bool[] _outcomes;

    /// <summary>Enumerates the outcomes of some rules; equal rules count once.</summary>
    public RuleOutcomes(IEnumerable<ConditionRule> rules)
    {
        var distinct = new List<(string Property, ConditionRule Rule)>();
        foreach (var rule in rules)
        {
            if (_numbers.TryAdd(KeyOf(rule), distinct.Count))
            {
                distinct.Add((PropertyOf(rule).PublishedName, rule));
            }
        }
        _outcomes = new bool[distinct.Count];
        Combinations = 1;
        foreach (var group in distinct.GroupBy(pair => pair.Property))
        {
            var own = group.Select(pair => pair.Rule).ToArray();
            var vectors = OutcomesOf(PropertyOf(own[0]), own);
            _properties.Add(([.. own.Select(NumberOf)], vectors));
            Combinations =
                vectors.Count == 0 ? 0 : (long)Math.Min((double)Combinations * vectors.Count, long.MaxValue / 2);
        }
    }

    /// <summary>Number of combinations; 0 when they cannot be enumerated.</summary>
    public long Combinations { get; }

    /// <summary>The outcome of a rule in the selected combination.</summary>
    public bool this[int number] => _outcomes[number];

    /// <summary>The index of a rule's outcome.</summary>
    public int NumberOf(ConditionRule rule) => _numbers[KeyOf(rule)];

    /// <summary>Selects a combination, numbered from 0.</summary>
    public void Select(long combination)
    {
        foreach (var (rules, vectors) in _properties)
        {
            var vector = vectors[(int)(combination % vectors.Count)];
            combination /= vectors.Count;
            for (var i = 0; i < rules.Length; i++)
            {
                _outcomes[rules[i]] = vector[i];
            }
        }
    }

    private static ConditionProperty PropertyOf(ConditionRule rule)
    {
        _ = ConditionProperty.TryParse(rule.Property, rule.ParamName, out var property);
        return property;
    }

    private static string KeyOf(ConditionRule rule) =>
        $"{PropertyOf(rule).PublishedName}\n{rule.RuleOperator}\n{rule.Value.GetRawText().ToUpperInvariant()}";

    /// <summary>The distinct outcomes of the rules on one property; empty when there may be too many.</summary>
    private static List<bool[]> OutcomesOf(in ConditionProperty property, ConditionRule[] rules)
    {
        var vectors = new OutcomeVectors(property, rules);
        vectors.Try(null);
        if (Closed(property.Source) is { } values)
        {
            foreach (var value in values)
            {
                vectors.Try(value);
            }
            return vectors.List;
        }
        var literals = rules.SelectMany(LiteralsOf).Distinct(StringComparer.OrdinalIgnoreCase).ToArray();
        vectors.Try("");
        foreach (var literal in literals)
        {
            vectors.Try(literal);
        }
        // Between longer numbers no double may lie.
        var isExact = Array.TrueForAll(literals, literal => literal.Length <= ConditionNumber.DigitsKept);
        if (isExact && Array.TrueForAll(rules, IsNumeric))
        {
            vectors.Try("x");
            foreach (var number in Between([.. rules.SelectMany(NumbersOf).Distinct().Order()]))
            {
                vectors.Try(number.ToString("R", CultureInfo.InvariantCulture));
            }
            return vectors.List;
        }
        var isLanguage = property.Source == PropertySource.Language;
        if (Array.TrueForAll(rules, IsTextEquality))
        {
            // A value that no rule names and, for each language, subtags that no rule names.
            vectors.Try("zz-zz-zz");
            foreach (var literal in isLanguage ? literals : [])
            {
                vectors.Try($"{literal}-zz-zz");
            }
            return vectors.List;
        }
        var free = Array.FindAll(rules, rule => !IsTextEquality(rule) || isLanguage);
        if (free.Length > FreeRulesMax)
        {
            return [];
        }
        for (var bits = 0; bits < 1 << free.Length; bits++)
        {
            vectors.Add([
                .. rules.Select(rule =>
                    Array.IndexOf(free, rule) is var at and >= 0
                        ? (bits >> at & 1) != 0
                        : rule.RuleOperator is RuleOperator.NotEquals or RuleOperator.NotIn
                ),
            ]);
        }
        return vectors.List;
    }

    /// <summary>All values of a property that has few; null for other properties.</summary>
    private static IEnumerable<string>? Closed(PropertySource source) =>
        source switch
        {
            PropertySource.DeviceType => DeviceTypes,
            PropertySource.DeviceOs => Systems,
            PropertySource.Continent => PlaceNames.Continents,
            PropertySource.Country => from first in Letters from second in Letters select $"{first}{second}",
            PropertySource.Hour => Enumerable.Range(0, 24).Select(hour => hour.ToString(CultureInfo.InvariantCulture)),
            PropertySource.DayOfWeek => Enumerable
                .Range(0, 7)
                .Select(day => day.ToString(CultureInfo.InvariantCulture)),
            _ => null,
        };

    private static IEnumerable<char> Letters => Enumerable.Range('A', 26).Select(letter => (char)letter);

    private static JsonElement[] ElementsOf(ConditionRule rule) =>
        rule.Value.ValueKind == JsonValueKind.Array ? [.. rule.Value.EnumerateArray()] : [rule.Value];

    private static IEnumerable<string> LiteralsOf(ConditionRule rule) =>
        ElementsOf(rule)
            .Select(element => element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText());

    private static bool IsEquality(ConditionRule rule) =>
        rule.RuleOperator is RuleOperator.Equals or RuleOperator.NotEquals or RuleOperator.In or RuleOperator.NotIn;

    private static bool IsTextEquality(ConditionRule rule) =>
        IsEquality(rule) && ElementsOf(rule).All(element => element.ValueKind != JsonValueKind.Number);

    private static bool IsNumeric(ConditionRule rule) =>
        rule.RuleOperator is RuleOperator.Gt or RuleOperator.Lt or RuleOperator.Gte or RuleOperator.Lte
        || (IsEquality(rule) && ElementsOf(rule).All(element => element.ValueKind == JsonValueKind.Number));

    private static IEnumerable<double> NumbersOf(ConditionRule rule) =>
        LiteralsOf(rule).Select(literal => ConditionNumber.TryParse(literal, out var number) ? number : 0);

    /// <summary>One number between each two neighbours, and one beyond each end.</summary>
    private static IEnumerable<double> Between(double[] ascending)
    {
        yield return ascending[0] - Math.Abs(ascending[0]) - 1;
        for (var i = 1; i < ascending.Length; i++)
        {
            yield return ascending[i - 1] + (ascending[i] - ascending[i - 1]) / 2;
        }
        yield return ascending[^1] + Math.Abs(ascending[^1]) + 1;
    }

    /// <summary>
    /// The distinct outcomes of the rules on one property, found by evaluating the compiled rules for values.
    /// </summary>
    private sealed class OutcomeVectors(ConditionProperty property, ConditionRule[] rules)
    {
        /// <summary>2026-01-04 is a Sunday.</summary>
        private static readonly DateTimeOffset Sunday = new(2026, 1, 4, 0, 0, 0, TimeSpan.Zero);

        private readonly CompiledRule[] _compiled =
        [
            .. rules.Select(rule => new CompiledRule(rule) { NextIfTrue = 0, NextIfFalse = 0 }),
        ];

        private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

        public List<bool[]> List { get; } = [];

        public void Add(bool[] vector)
        {
            if (_seen.Add(string.Concat(vector.Select(outcome => outcome ? '1' : '0'))))
            {
                List.Add(vector);
            }
        }

        /// <summary>
        /// Evaluates the rules for one value. Null means unknown, and so does the empty text, except for a query
        /// parameter and an attribute.
        /// </summary>
        public void Try(string? value)
        {
            var visitor = new VisitorProperties(Describe(value), stackalloc char[VisitorProperties.ScratchChars]);
            var vector = new bool[_compiled.Length];
            for (var i = 0; i < vector.Length; i++)
            {
                vector[i] = _compiled[i].IsTrue(ref visitor);
            }
            Add(vector);
        }

        /// <summary>A request with the value, in the form in which a visitor would send it.</summary>
        private VisitorContext Describe(string? value)
        {
            var number =
                property.Source is (PropertySource.Hour or PropertySource.DayOfWeek) && value is not null
                    ? int.Parse(value, CultureInfo.InvariantCulture)
                    : 0;
            return new VisitorContext
            {
                Now = property.Source == PropertySource.DayOfWeek ? Sunday.AddDays(number) : Sunday.AddHours(number),
                DeviceType = Of(PropertySource.DeviceType),
                Os = Of(PropertySource.DeviceOs),
                Browser = Of(PropertySource.Browser),
                Country = Of(PropertySource.Country),
                Continent = Of(PropertySource.Continent),
                AcceptLanguage = Of(PropertySource.Language),
                Referrer = Of(PropertySource.ReferrerDomain) is { Length: > 0 } host ? $"https://{host}/" : "",
                Query =
                    property.Source == PropertySource.QueryParameter && value is not null
                        ? $"{Uri.EscapeDataString(property.Parameter!)}={Uri.EscapeDataString(value)}"
                        : "",
                Attributes =
                    property.Source == PropertySource.Attribute && value is not null
                        ? ContextAttributes.Of(property.Parameter!, value)
                        : null,
            };

            string Of(PropertySource source) => property.Source == source ? value ?? "" : "";
        }
    }
}
