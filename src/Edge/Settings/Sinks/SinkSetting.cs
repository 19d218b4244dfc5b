using Edge.Forwarding;

namespace Edge.Settings.Sinks;

/// <summary>
/// One configuration key of a sink, <c>sinks.NAME.KEY</c>. The key of a map stands for <c>KEY.ANYTHING</c>.
/// </summary>
internal sealed record SinkSetting : Setting<SinkOptions>
{
    /// <summary>All types.</summary>
    public const SinkType Any = (SinkType)int.MaxValue;

    public SinkSetting(SinkType types, Setting<SinkOptions> setting)
        : base(setting) => Types = types;

    /// <summary>The types of sinks that have it.</summary>
    public SinkType Types { get; }

    /// <summary>Sets one entry of a map; null when the setting is not a map.</summary>
    public Func<SinkOptions, string, string, string?>? AssignEntry { get; init; }

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
            types,
            new Setting<SinkOptions>(
                key,
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
                },
                new SettingShape(SettingKind.Map)
            )
        )
        {
            AssignEntry = assignEntry,
        };
}
