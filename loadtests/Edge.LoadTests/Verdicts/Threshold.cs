using System.Globalization;
using Edge.Formats;

namespace Edge.LoadTests.Verdicts;

/// <summary>
/// A bound of one figure of a run, such as <c>p99&lt;=50ms</c>. Latencies are in milliseconds unless they name
/// <c>us</c>, <c>ms</c> or <c>s</c>. Immutable.
/// </summary>
/// <param name="Name">One of <see cref="Names"/>.</param>
/// <param name="IsUpper">Whether the figure must not be above the limit; else not below.</param>
/// <param name="IsStrict">Whether the limit itself is too much, or too little.</param>
/// <param name="Limit">In the unit of the figure.</param>
/// <param name="Text">As it was written.</param>
internal sealed record Threshold(string Name, bool IsUpper, bool IsStrict, double Limit, string Text)
{
    // A growth alone may be below zero.
    private const string GrowthSuffix = "-growth";

    // The one figure of which less is worse.
    private const string LowerBounded = "rate";

    /// <summary>The figures and their units.</summary>
    private static readonly Dictionary<string, string> Units = new(StringComparer.Ordinal)
    {
        ["p50"] = "ms",
        ["p90"] = "ms",
        ["p99"] = "ms",
        ["p999"] = "ms",
        ["max"] = "ms",
        ["errors"] = "%",
        ["lost"] = "",
        ["cpu"] = "us",
        ["rate"] = "%",
        ["memory-growth"] = "%",
        ["files-growth"] = "%",
        ["threads-growth"] = "%",
    };

    public static IEnumerable<string> Names => Units.Keys;

    public string Unit => Units[Name];

    public bool IsOfGrowth => Name.EndsWith(GrowthSuffix, StringComparison.Ordinal);

    /// <exception cref="UsageException">It is none.</exception>
    public static Threshold Parse(string text)
    {
        var at = text.AsSpan().IndexOfAny('<', '>');
        var problem = new UsageException(
            $"'{text}' is no threshold; one is written like p99<=50ms, errors<=0.1%, lost<=0, cpu<=80us or rate>=99%"
        );
        if (at <= 0)
        {
            throw problem;
        }

        var name = text[..at].Trim();
        if (!Units.TryGetValue(name, out var unit))
        {
            throw new UsageException(
                $"unknown figure '{name}' in threshold '{text}', did you mean {NearestName.Of(Units.Keys, name)}?"
            );
        }

        if (text[at] != (name == LowerBounded ? '>' : '<'))
        {
            throw new UsageException(
                name == LowerBounded
                    ? $"'{text}': a rate is bounded from below, such as rate>=99%"
                    : $"'{text}': {name} is bounded from above, such as {name}<=1"
            );
        }

        var isStrict = at + 1 >= text.Length || text[at + 1] != '=';
        var value = text[(at + (isStrict ? 1 : 2))..].Trim();
        var digits = value.TrimEnd('u', 'm', 's', '%');
        var given = value[digits.Length..];
        double? factor = given switch
        {
            "" => 1,
            _ when given == unit => 1,
            "us" when unit == "ms" => 0.001,
            "s" when unit == "ms" => 1_000,
            _ => null,
        };
        return
            factor is { } times
            && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var limit)
            && double.IsFinite(limit)
            && (limit >= 0 || name.EndsWith(GrowthSuffix, StringComparison.Ordinal))
            && (name is not ("errors" or LowerBounded) || limit <= 100)
            ? new Threshold(name, text[at] == '<', isStrict, limit * times, text)
            : throw problem;
    }

    /// <summary>
    /// The bounds of a scenario, of which those of the caller take the place where they bound the same figure.
    /// </summary>
    public static Threshold[] Combine(IEnumerable<string> ofScenario, IEnumerable<string> ofCaller)
    {
        var named = ofCaller.Select(Parse).ToArray();
        return [.. ofScenario.Select(Parse).Where(own => !named.Any(other => other.Name == own.Name)), .. named];
    }

    /// <summary>Whether a figure keeps the bound; one that was not measured does not.</summary>
    public ThresholdResult Judge(double? figure) =>
        new(
            Text,
            figure,
            Unit,
            figure switch
            {
                null => false,
                { } value when IsUpper => IsStrict ? value < Limit : value <= Limit,
                { } value => IsStrict ? value > Limit : value >= Limit,
            }
        );
}

/// <param name="Threshold">As it was written.</param>
/// <param name="Figure">Null when it was not measured.</param>
internal sealed record ThresholdResult(string Threshold, double? Figure, string Unit, bool Passed);
