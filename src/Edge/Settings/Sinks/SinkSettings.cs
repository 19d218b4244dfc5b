using Edge.Forwarding;

namespace Edge.Settings.Sinks;

/// <summary>
/// The table of every key a sink can have below <c>sinks.NAME</c>. Order is the order of the documentation
/// (docs/forwarding.md, "Settings of a sink").
/// </summary>
internal static class SinkSettings
{
    /// <summary>The key that says which type a sink is of; read before all others.</summary>
    public const string TypeKey = "type";

    public static readonly SinkSetting[] All =
    [
        .. Common(),
        .. FileSinkSettings.All(),
        .. HttpSinkSettings.All(),
        .. PostgresSinkSettings.All(),
    ];

    private static IEnumerable<SinkSetting> Common() =>
        [
            SinkSetting.Flag(
                SinkSetting.Any,
                "enabled",
                "Whether it is a destination. One that is not does not make the journal wait for it, as long as another is; to hold events for a while, pause it.",
                o => o.Enabled,
                (o, v) => o.Enabled = v
            ),
            SinkSetting.Number(
                SinkSetting.Any,
                "batchMaxEvents",
                1,
                1_000_000,
                "Most events in one batch.",
                o => o.BatchMaxEvents,
                (o, v) => o.BatchMaxEvents = (int)v
            ),
            SinkSetting.Number(
                SinkSetting.Any,
                "batchMaxBytes",
                4_096,
                64 << 20,
                "Most bytes in one batch, before compression; a larger event goes alone.",
                o => o.BatchMaxBytes,
                (o, v) => o.BatchMaxBytes = (int)v
            ),
            SinkSetting.Number(
                SinkSetting.Any,
                "eventsPerSecondMax",
                0,
                100_000_000,
                "Most events a second, so that draining a backlog leaves the machine and the network to visitors; 0 is without a limit.",
                o => o.EventsPerSecondMax,
                (o, v) => o.EventsPerSecondMax = (int)v
            ),
            SinkSetting.Number(
                SinkSetting.Any,
                "lingerMs",
                0,
                60_000,
                "Under load a batch begins at the earliest this long after the one before, so that batches are large; an event after a silence does not wait.",
                o => o.LingerMs,
                (o, v) => o.LingerMs = (int)v
            ),
            SinkSetting.Number(
                SinkSetting.Any,
                "retryCeilingMs",
                100,
                600_000,
                "Upper end of the pause between attempts, which doubles from 100 ms and is drawn at random below that.",
                o => o.RetryCeilingMs,
                (o, v) => o.RetryCeilingMs = (int)v
            ),
            SinkSetting.Number(
                SinkSetting.Any,
                "refusedInARowMax",
                1,
                1_000_000,
                "Events that may go to the dead letters one after another; then the sink holds, because more likely it is the sink that is wrong.",
                o => o.RefusedInARowMax,
                (o, v) => o.RefusedInARowMax = (int)v
            ),
            SinkSetting.List(
                SinkSetting.Any,
                "filters.apis",
                "Send only events of these APIs (member api).",
                o => o.FilterApis,
                (o, v) => o.FilterApis = v
            ),
            SinkSetting.List(
                SinkSetting.Any,
                "filters.projects",
                "Send only events of these projects.",
                o => o.FilterProjects,
                (o, v) => o.FilterProjects = v
            ),
            SinkSetting.List(
                SinkSetting.Any,
                "filters.types",
                "Send only events of these types.",
                o => o.FilterTypes,
                (o, v) => o.FilterTypes = v
            ),
            SinkSetting.List(
                SinkSetting.Any,
                "filters.verdicts",
                "Send only events with these verdicts.",
                o => o.FilterVerdicts,
                (o, v) => o.FilterVerdicts = v
            ),
            SinkSetting.List(
                SinkSetting.Any,
                "fields.allow",
                "Send only these members of an event, and id; empty sends all.",
                o => o.FieldsAllow,
                (o, v) => o.FieldsAllow = v,
                MemberProblem
            ),
            SinkSetting.List(
                SinkSetting.Any,
                "fields.deny",
                "Never send these members of an event.",
                o => o.FieldsDeny,
                (o, v) => o.FieldsDeny = v,
                member =>
                    MemberProblem(member)
                    ?? (member == "id" ? "cannot hold id: repetitions are recognised by it" : null)
            ),
            SinkSetting.Map(
                SinkSetting.Any,
                "fields.rename",
                "New names of members, by their names in the event schema.",
                o => string.Join(SettingValue.ListSeparator, o.FieldsRename.Select(pair => $"{pair.Key}={pair.Value}")),
                AssignRename
            ),
        ];

    private static string? AssignRename(SinkOptions options, string member, string newName)
    {
        // A name that comes from the environment is in capitals; the schema knows small letters only.
        member = member.ToLowerInvariant();
        var wrong =
            MemberProblem(member)
            ?? MemberProblem(newName)
            ?? (member == "id" ? "cannot rename id: repetitions are recognised by it" : null);
        if (wrong is null)
        {
            options.FieldsRename[member] = newName;
        }

        return wrong;
    }

    private static string? MemberProblem(string member) =>
        member.Length is > 0 and <= 64 && member.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_')
            ? null
            : "must hold names of members: letters, digits and underscores";
}
