using System.Globalization;

namespace Edge.LoadTests.Simulations;

/// <summary>
/// Load simulations as they are written on the command line, separated by commas: <c>inject 500 30s</c>,
/// <c>inject 0..5000 1m</c> (ramp), <c>random 1000..3000 1m</c>, <c>decay 5000 9m 2m</c> (peak, time constant, length),
/// <c>keep 64 1m</c>, <c>keep 1..64 30s</c> (ramp), <c>pause 10s</c>. Pure.
/// </summary>
internal static class SimulationText
{
    public const string Example = "inject 0..5000 30s, inject 5000 2m, pause 10s, random 1000..3000 1m, decay 5000 9m 2m, keep 64 1m";

    /// <exception cref="UsageException">What is wrong, and how it is written.</exception>
    public static LoadSimulation[] Parse(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries).Select(ParseOne)];

    /// <summary>A length such as <c>90s</c>, <c>2m</c>, <c>1h</c> or <c>500ms</c>; null when it is none.</summary>
    public static TimeSpan? Time(string text)
    {
        var digits = text.TrimEnd('s', 'm', 'h');
        var seconds = text[digits.Length..] switch
        {
            "ms" => 0.001,
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => 0,
        };
        return Number(digits) is { } number && seconds > 0 && number > 0 && number * seconds < 1e6
            ? TimeSpan.FromSeconds(number * seconds)
            : null;
    }

    /// <summary>As it would be written.</summary>
    public static string Write(LoadSimulation simulation)
    {
        var during = simulation.During.TotalSeconds;
        return simulation switch
        {
            KeepConstant keep => Invariant($"keep {keep.Copies} {during:0.###}s"),
            RampingConstant keep => Invariant($"keep {keep.From}..{keep.To} {during:0.###}s"),
            Inject inject => Invariant($"inject {inject.Rate:0.###} {during:0.###}s"),
            RampingInject inject => Invariant($"inject {inject.From:0.###}..{inject.To:0.###} {during:0.###}s"),
            InjectRandom random => Invariant($"random {random.Min:0.###}..{random.Max:0.###} {during:0.###}s"),
            InjectDecaying decay => Invariant(
                $"decay {decay.Peak:0.###} {decay.TimeConstant.TotalSeconds:0}s {during:0.###}s"
            ),
            _ => Invariant($"pause {during:0.###}s"),
        };
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static LoadSimulation ParseOne(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || Time(words[^1]) is not { } during)
        {
            throw Problem(text);
        }

        return words switch
        {
            ["pause", _] => new Pause(during),
            ["inject", var rate, _] when Range(rate) is var (from, to) && to + from > 0 => rate.Contains(
                "..",
                StringComparison.Ordinal
            )
                ? new RampingInject(from, to, during)
                : new Inject(from, during),
            ["random", var rate, _] when Range(rate) is var (min, max) && min > 0 && max >= min => new InjectRandom(
                min,
                max,
                during
            ),
            ["decay", var rate, var constant, _] when Number(rate) is > 0 and { } peak && Time(constant) is { } time =>
                new InjectDecaying(peak, time, during),
            ["keep", var copies, _] when Range(copies) is var (from, to) && to + from >= 1 => copies.Contains(
                "..",
                StringComparison.Ordinal
            )
                ? new RampingConstant((int)from, (int)to, during)
                : new KeepConstant((int)from, during),
            _ => throw Problem(text),
        };
    }

    private static UsageException Problem(string text) =>
        new($"'{text}' is no load simulation; one is written like: {Example}");

    private static (double From, double To)? Range(string text)
    {
        var at = text.IndexOf("..", StringComparison.Ordinal);
        return at < 0
            ? Number(text) is { } number
                ? (number, number)
                : null
            : Number(text[..at]) is { } from && Number(text[(at + 2)..]) is { } to
                ? (from, to)
                : null;
    }

    /// <summary>A number from 0 to a million.</summary>
    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && number <= 1e6
            ? number
            : null;
}
