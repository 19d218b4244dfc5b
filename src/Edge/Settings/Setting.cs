using System.Globalization;

namespace Edge.Settings;

/// <summary>
/// One configuration key: its name in <c>edge.json</c> (dots mean nesting), its meaning, and how text is parsed.
/// </summary>
/// <typeparam name="TOptions">The options it is a value of: those of the service, or of one sink.</typeparam>
/// <param name="Key">Dotted camel-case name; the environment variable is <c>EDGE__A__B</c>.</param>
/// <param name="Meaning">What it sets, with unit, range and reason.</param>
/// <param name="Read">The current value as text, for help and documentation; secrets are masked.</param>
/// <param name="Assign">Sets the value from text; returns null when accepted, else what is wrong with it.</param>
/// <param name="Shape">What the value looks like.</param>
internal record Setting<TOptions>(
    string Key,
    string Meaning,
    Func<TOptions, string> Read,
    Func<TOptions, string, string?> Assign,
    SettingShape Shape
)
{
    public static Setting<TOptions> Text(
        string key,
        string meaning,
        Func<TOptions, string> read,
        Action<TOptions, string> assign,
        Func<string, string?>? problem = null
    ) =>
        new(
            key,
            meaning,
            read,
            (options, text) =>
            {
                if (problem?.Invoke(text) is { } wrong)
                {
                    return wrong;
                }

                assign(options, text);
                return null;
            },
            new SettingShape(SettingKind.Text)
        );

    /// <summary>A text that is never shown.</summary>
    public static Setting<TOptions> Secret(
        string key,
        string meaning,
        Func<TOptions, string> read,
        Action<TOptions, string> assign,
        Func<string, string?>? problem = null
    ) =>
        Text(key, meaning, o => read(o).Length == 0 ? "" : "(set)", assign, problem) with
        {
            Shape = new SettingShape(SettingKind.Secret),
        };

    public static Setting<TOptions> Flag(
        string key,
        string meaning,
        Func<TOptions, bool> read,
        Action<TOptions, bool> assign
    ) =>
        new(
            key,
            meaning,
            o => read(o) ? "true" : "false",
            (options, text) =>
            {
                if (SettingValue.Flag(text, out var value) is { } problem)
                {
                    return problem;
                }

                assign(options, value);
                return null;
            },
            new SettingShape(SettingKind.Flag)
        );

    public static Setting<TOptions> Number(
        string key,
        long min,
        long max,
        string meaning,
        Func<TOptions, long> read,
        Action<TOptions, long> assign
    ) =>
        new(
            key,
            $"{meaning} {min} to {max}.",
            o => read(o).ToString(CultureInfo.InvariantCulture),
            (options, text) =>
            {
                if (SettingValue.Number(key, text, min, max, out var value) is { } problem)
                {
                    return problem;
                }

                assign(options, value);
                return null;
            },
            new SettingShape(SettingKind.Number, min, max)
        );

    public static Setting<TOptions> PowerOfTwo(
        string key,
        long min,
        long max,
        string meaning,
        Func<TOptions, long> read,
        Action<TOptions, long> assign
    )
    {
        var number = Number(key, min, max, meaning + " A power of two,", read, assign);
        return number with
        {
            Assign = (options, text) =>
                number.Assign(options, text)
                ?? (long.IsPow2(read(options)) ? null : "must be a power of two, such as 64MiB"),
        };
    }

    public static Setting<TOptions> Choice<T>(
        string key,
        string meaning,
        Func<TOptions, T> read,
        Action<TOptions, T> assign
    )
        where T : struct, Enum =>
        new(
            key,
            meaning,
            o => SettingValue.CamelCase(read(o).ToString()),
            (options, text) =>
            {
                if (SettingValue.Choice<T>(text, out var value) is { } problem)
                {
                    return problem;
                }

                assign(options, value);
                return null;
            },
            new SettingShape(SettingKind.Choice, Choices: SettingValue.Words<T>())
        );

    public static Setting<TOptions> List(
        string key,
        string meaning,
        Func<TOptions, string[]> read,
        Action<TOptions, string[]> assign,
        Func<string, string?>? problem = null
    ) =>
        new(
            key,
            meaning,
            o => string.Join(SettingValue.ListSeparator, read(o)),
            (options, text) =>
            {
                var items = SettingValue.Items(text);
                var wrong = problem is null ? [] : items.Select(problem).OfType<string>().Distinct().ToArray();
                if (wrong.Length > 0)
                {
                    return string.Join("; ", wrong);
                }

                assign(options, items);
                return null;
            },
            new SettingShape(SettingKind.List)
        );
}
