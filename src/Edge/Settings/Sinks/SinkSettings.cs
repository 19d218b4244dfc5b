using Edge.Events;
using Edge.Formats;
using Edge.Forwarding;
using static Edge.Settings.Setting<Edge.Forwarding.SinkOptions>;

namespace Edge.Settings.Sinks;

/// <summary>
/// The table of all keys of a sink, below <c>sinks.NAME</c>, in the order of the documentation (docs/forwarding.md,
/// "Settings of a sink").
/// </summary>
internal static class SinkSettings
{
    /// <summary>The key with the type of a sink; read before all others.</summary>
    public const string TypeKey = "type";

    /// <summary>The members of an event that settings may name.</summary>
    private static readonly string[] Members = [.. EventSchema.All.Select(static member => member.Name)];

    public static readonly SinkSetting[] All =
    [
        .. Common(),
        .. FileSinkSettings.All(),
        .. HttpSinkSettings.All(),
        .. PostgresSinkSettings.All(),
        .. KafkaSinkSettings.All(),
    ];

    private static IEnumerable<SinkSetting> Common() =>
        [
            new(
                SinkSetting.Any,
                Flag(
                    "enabled",
                    "Whether events are forwarded to it. The journal does not keep events for a disabled sink as long as another one is enabled; to hold events for a while, pause the sink.",
                    o => o.Enabled,
                    (o, v) => o.Enabled = v
                )
            ),
            new(
                SinkSetting.Any,
                Number(
                    "batchMaxEvents",
                    1,
                    1_000_000,
                    "Maximum number of events in a batch.",
                    o => o.BatchMaxEvents,
                    (o, v) => o.BatchMaxEvents = (int)v
                )
            ),
            new(
                SinkSetting.Any,
                Number(
                    "batchMaxBytes",
                    4_096,
                    64 << 20,
                    "Maximum size of a batch before compression, bytes, lowered to a sixty-fourth of the memory there is; a larger event is sent alone.",
                    o => o.BatchMaxBytes,
                    (o, v) => o.BatchMaxBytes = (int)v
                )
            ),
            new(
                SinkSetting.Any,
                Number(
                    "eventsPerSecondMax",
                    0,
                    100_000_000,
                    "Maximum events per second, so that draining a backlog does not slow down requests; 0 means unlimited.",
                    o => o.EventsPerSecondMax,
                    (o, v) => o.EventsPerSecondMax = (int)v
                )
            ),
            new(
                SinkSetting.Any,
                Number(
                    "lingerMs",
                    0,
                    60_000,
                    "Minimum time between the starts of two batches under load, so that batches are large; after an idle time an event is sent at once.",
                    o => o.LingerMs,
                    (o, v) => o.LingerMs = (int)v
                )
            ),
            new(
                SinkSetting.Any,
                Number(
                    "retryCeilingMs",
                    100,
                    600_000,
                    "Maximum pause between attempts; the pause is random, below a bound that doubles from 100 ms.",
                    o => o.RetryCeilingMs,
                    (o, v) => o.RetryCeilingMs = (int)v
                )
            ),
            new(
                SinkSetting.Any,
                Number(
                    "refusedInARowMax",
                    1,
                    1_000_000,
                    "Number of consecutive events that may become dead letters; then the sink is held, because the cause is more likely the sink than the events.",
                    o => o.RefusedInARowMax,
                    (o, v) => o.RefusedInARowMax = (int)v
                )
            ),
            new(
                SinkSetting.Any,
                List(
                    "filters.apis",
                    "Send only events of these APIs (member api).",
                    o => o.FilterApis,
                    (o, v) => o.FilterApis = v,
                    static api => SettingValue.OneOf(EventApi.All, api)
                )
            ),
            new(
                SinkSetting.Any,
                List(
                    "filters.projects",
                    "Send only events of these projects.",
                    o => o.FilterProjects,
                    (o, v) => o.FilterProjects = v
                )
            ),
            new(
                SinkSetting.Any,
                List(
                    "filters.types",
                    "Send only events of these types.",
                    o => o.FilterTypes,
                    (o, v) => o.FilterTypes = v,
                    static type => SettingValue.OneOf(EventSchema.Types, type)
                )
            ),
            new(
                SinkSetting.Any,
                List(
                    "filters.verdicts",
                    "Send only events with these verdicts.",
                    o => o.FilterVerdicts,
                    (o, v) => o.FilterVerdicts = v,
                    static verdict => SettingValue.OneOf(VerdictNames.All, verdict)
                )
            ),
            new(
                SinkSetting.Any,
                Choice(
                    "filters.synthetic",
                    "Events of tests, which a signed Edge-Synthetic marks: exclude sends none of them, include sends them among the others, only sends nothing else.",
                    o => o.FilterSynthetic,
                    (o, v) => o.FilterSynthetic = v
                )
            ),
            new(
                SinkSetting.Any,
                List(
                    "fields.allow",
                    "Send only id and these members of an event; empty sends all.",
                    o => o.FieldsAllow,
                    (o, v) => o.FieldsAllow = v,
                    MemberProblem
                )
            ),
            new(
                SinkSetting.Any,
                List(
                    "fields.deny",
                    "Never send these members of an event.",
                    o => o.FieldsDeny,
                    (o, v) => o.FieldsDeny = v,
                    member =>
                        MemberProblem(member)
                        ?? (member == "id" ? "cannot contain id: duplicates are recognised by it" : null)
                )
            ),
            SinkSetting.Map(
                SinkSetting.Any,
                "fields.rename",
                "New names for members, by their names in the event schema.",
                o => string.Join(SettingValue.ListSeparator, o.FieldsRename.Select(pair => $"{pair.Key}={pair.Value}")),
                AssignRename
            ),
        ];

    private static string? AssignRename(SinkOptions options, string member, string newName)
    {
        // Names from environment variables may be in capitals; those of the schema are in lower case.
        member = member.ToLowerInvariant();
        var wrong =
            MemberProblem(member)
            ?? NameProblem(newName)
            ?? (member == "id" ? "cannot rename id: duplicates are recognised by it" : null);
        if (wrong is null)
        {
            options.FieldsRename[member] = newName;
        }

        return wrong;
    }

    private static string? MemberProblem(string member) =>
        Members.Contains(member)
            ? null
            : $"has '{member}', which is no member of an event; did you mean '{NearestName.Of(Members, member)}'?";

    private static string? NameProblem(string member) =>
        member.Length is > 0 and <= 64 && member.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_')
            ? null
            : "must contain member names: letters, digits and underscores";
}
