using System.Globalization;
using System.Text.Json;
using Edge.Formats;

namespace Edge.Experiments.Conditions;

/// <summary>
/// Whether a visitor can have the value that a condition compares with, for properties whose values do not change with the
/// world of devices: countries, continents, hours, days. A condition that can never be true, or never false, is a mistake.
/// Pure.
/// </summary>
internal static class ConditionValues
{
    /// <summary>Characters of a value that are repeated.</summary>
    private const int ToldCharsMax = 40;

    private const int HourMax = 23;

    private static readonly string[] Days =
    [
        "Sunday",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
    ];

    /// <summary>What is wrong with one value; null when nothing is.</summary>
    /// <param name="source">The property.</param>
    /// <param name="ruleOperator">How it is compared.</param>
    /// <param name="value">A text, a number or a boolean.</param>
    public static string? ProblemOf(PropertySource source, RuleOperator ruleOperator, JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        var isEquality =
            ruleOperator is RuleOperator.Equals or RuleOperator.NotEquals or RuleOperator.In or RuleOperator.NotIn;
        return source switch
        {
            PropertySource.Country when isEquality => PlaceNames.CountryProblem(text),
            PropertySource.Continent when isEquality => PlaceNames.ContinentProblem(text),
            PropertySource.Hour or PropertySource.DayOfWeek => IsSound(value.ValueKind == JsonValueKind.Number)
                ? null
                : OfClock(source, text),
            _ => null,
        };

        bool IsSound(bool isNumber) =>
            isEquality ? IsOne(source, text, isNumber) : !IsOrder(ruleOperator) || IsWithin(source, ruleOperator, text);
    }

    /// <summary>The value, as the end of what it must be.</summary>
    public static string Not(string text) =>
        text.Length == 0 ? "" : $", not '{(text.Length > ToldCharsMax ? text[..ToldCharsMax] + "..." : text)}'";

    private static int LastOf(PropertySource source) => source == PropertySource.Hour ? HourMax : Days.Length - 1;

    private static bool IsOrder(RuleOperator ruleOperator) =>
        ruleOperator is RuleOperator.Gt or RuleOperator.Gte or RuleOperator.Lt or RuleOperator.Lte;

    /// <summary>A number compares as a number, a text as it is written: <c>09</c> is no hour.</summary>
    private static bool IsOne(PropertySource source, string text, bool isNumber) =>
        WholeOf(source, text) is { } whole && (isNumber || text == Invariant(whole));

    /// <summary>Up to the end of the day: <c>lt 24</c> is every hour.</summary>
    private static bool IsWithin(PropertySource source, RuleOperator ruleOperator, string text) =>
        ConditionNumber.TryParse(text, out var number)
        && number >= 0
        && number <= LastOf(source) + (ruleOperator == RuleOperator.Lt ? 1 : 0);

    private static int? WholeOf(PropertySource source, string text) =>
        ConditionNumber.TryParse(text, out var number)
        && number >= 0
        && number <= LastOf(source)
        && Math.Floor(number) == number
            ? (int)number
            : null;

    private static string OfClock(PropertySource source, string text)
    {
        var isHour = source == PropertySource.Hour;
        var wanted = isHour ? "an hour from 0 to 23" : "a day from 0 (Sunday) to 6 (Saturday)";
        var meant = WholeOf(source, text) ?? (isHour ? null : DayOf(text));
        return $"must be {wanted}{Not(text)}"
            + (meant is not { } number ? "" : $"; did you mean {Invariant(number)}{(isHour ? "" : $" ({Days[number]})")}?");
    }

    private static int? DayOf(string text)
    {
        if (text.Length < 2)
        {
            return null;
        }

        var at = Array.FindIndex(Days, day => day.StartsWith(text, StringComparison.OrdinalIgnoreCase));
        return at >= 0 ? at
            : NearestName.Probable(Days, text) is { } near ? Array.IndexOf(Days, near)
            : null;
    }

    private static string Invariant(int number) => number.ToString(CultureInfo.InvariantCulture);
}
