using System.Globalization;
using Edge.Forwarding;

namespace Edge.Settings.Sinks;

/// <summary>One configuration key of a sink: <c>sinks.NAME.KEY</c>.</summary>
/// <param name="Key">Dotted camel-case name below the sink. The key of a map stands for <c>KEY.ANYTHING</c>.</param>
/// <param name="Types">The types of sinks that have it.</param>
/// <param name="Meaning">What it sets, with unit, range and reason.</param>
/// <param name="Read">The current value as text; secrets are masked.</param>
/// <param name="Assign">Sets the value from text; returns null when accepted, else what is wrong with it.</param>
internal sealed record SinkSetting(
    string Key,
    SinkType Types,
    string Meaning,
    Func<SinkOptions, string> Read,
    Func<SinkOptions, string, string?> Assign
)
{
    /// <summary>All types.</summary>
    public const SinkType Any = (SinkType)int.MaxValue;

    /// <summary>Sets one entry of a map; null when the setting is not a map.</summary>
    public Func<SinkOptions, string, string, string?>? AssignEntry { get; init; }

    public static SinkSetting Text(
        SinkType types,
        string key,
        string meaning,
        Func<SinkOptions, string> read,
        Action<SinkOptions, string> assign,
        Func<string, string?>? problem = null
    ) =>
        new(
            key,
            types,
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
            }
        );

    /// <summary>A text that is never shown.</summary>
    public static SinkSetting Secret(
        SinkType types,
        string key,
        string meaning,
        Func<SinkOptions, string> read,
        Action<SinkOptions, string> assign
    ) => Text(types, key, meaning, o => read(o).Length == 0 ? "" : "(set)", assign);

    public static SinkSetting Flag(
        SinkType types,
        string key,
        string meaning,
        Func<SinkOptions, bool> read,
        Action<SinkOptions, bool> assign
    ) =>
        new(
            key,
            types,
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
            }
        );

    public static SinkSetting Number(
        SinkType types,
        string key,
        long min,
        long max,
        string meaning,
        Func<SinkOptions, long> read,
        Action<SinkOptions, long> assign
    ) =>
        new(
            key,
            types,
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
            }
        );

    public static SinkSetting Choice<T>(
        SinkType types,
        string key,
        string meaning,
        Func<SinkOptions, T> read,
        Action<SinkOptions, T> assign
    )
        where T : struct, Enum =>
        new(
            key,
            types,
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
            }
        );

    public static SinkSetting List(
        SinkType types,
        string key,
        string meaning,
        Func<SinkOptions, string[]> read,
        Action<SinkOptions, string[]> assign,
        Func<string, string?>? problem = null
    ) =>
        new(
            key,
            types,
            meaning,
            o => string.Join(SettingValue.ListSeparator, read(o)),
            (options, text) =>
            {
                var items = SettingValue.Items(text);
                foreach (var item in items)
                {
                    if (problem?.Invoke(item) is { } wrong)
                    {
                        return wrong;
                    }
                }

                assign(options, items);
                return null;
            }
        );

    /// <summary>
    /// A map: an object in <c>edge.json</c>, or pairs of <c>key=value</c>, separated by commas, as one text.
    /// </summary>
    public static SinkSetting Map(
        SinkType types,
        string key,
        string meaning,
        Func<SinkOptions, string> read,
        Func<SinkOptions, string, string, string?> assignEntry
    ) =>
        new(
            key,
            types,
            meaning,
            read,
            (options, text) =>
            {
                foreach (var item in SettingValue.Items(text))
                {
                    var equals = item.IndexOf('=', StringComparison.Ordinal);
                    if (equals <= 0)
                    {
                        return "must be pairs such as name=value, separated by commas";
                    }

                    if (assignEntry(options, item[..equals].Trim(), item[(equals + 1)..].Trim()) is { } wrong)
                    {
                        return wrong;
                    }
                }

                return null;
            }
        )
        {
            AssignEntry = assignEntry,
        };
}
