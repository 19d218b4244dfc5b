using System.Globalization;
using Edge.Experiments;
using Edge.Forwarding.ClickHouse;
using Edge.Statistics.Counting;

namespace Edge.Statistics.Querying;

/// <summary>
/// The questions about one experiment and a stretch of days, in the words of ClickHouse 18.16 and later. They count what
/// <see cref="ExperimentCounter"/> counts when it meets the same events once each and in the order of their ids, which is
/// that of their times: <c>docs/statistics.md</c>. Text of others is answered in hexadecimal, so no answer needs escapes.
/// </summary>
/// <param name="table">The table beside that of the events.</param>
/// <param name="experiment">The experiment, whose units have a hash of the day.</param>
/// <param name="from">First day, UTC.</param>
/// <param name="before">The day behind the last one; null for all days that follow.</param>
internal sealed class CountQueries(ClickHouseTable table, Experiment experiment, DateOnly from, DateOnly? before)
{
    /// <summary>Rows of one kind in an answer.</summary>
    public const int RowsMax = 20_000;

    /// <summary>Kinds of rows: counts as such, and by each property of the visitor.</summary>
    public const int Dimensions = 6;

    /// <summary>Units that one goal may name.</summary>
    private const int UnitsMax = Visits.GoalMatcher.HashesMax;

    private const string Person = "verdict IN ('human', 'proxy')";
    private const string Counted = "verdict NOT IN ('bot', 'scanner', 'prefetch')";
    private const string InDimensions = "[0, 1, 2, 3, 4, 5] AS dim";

    private readonly string _variant = $"variant != '' AND length(variant) <= {ExperimentRules.VariantIdCharsMax}";

    /// <summary>Milliseconds after its start from which a trial is final.</summary>
    public static long FinalAfterMs(Experiment experiment) =>
        WindowMs(experiment) + (TallyLimits.LatenessSeconds * 1_000L);

    /// <summary>The first day that has any event of an experiment; without rows there is none.</summary>
    public static string FirstDay(ClickHouseTable table, Experiment experiment) =>
        $"SELECT min(day) FROM {table.Sql} WHERE experiment_uid = '{experiment.Uid}' HAVING count() > 0 FORMAT TSV";

    /// <summary>What is known of the stretch as a whole: one row.</summary>
    public string Facts() =>
        $"""
        SELECT count(), min(at), max(at),
            {Machines(ClickHouseTallyTables.Impression)}, {Machines(ClickHouseTallyTables.Click)},
            countIf({Counted} AND unit_ignored = 'merge_tag'),
            countIf({Person} AND {_variant} AND chance = 0 AND {Starts}),
            countIf({Unitless} AND {Starts}), countIf({Unitless} AND ({Starts} OR kind = {GoalKind}))
        FROM {table.Sql} FINAL
        WHERE {Stretch} AND kind <= {ClickHouseTallyTables.Conversion}
        FORMAT TSV
        """;

    /// <summary>Events by variant and hour, and by variant and each property.</summary>
    public string Events() =>
        $"""
        SELECT dim, hex(trait), hex(variant), if(dim = 0, intDiv(at, {CountSeries.Hour}), 0) AS hour,
            countIf(kind = {ClickHouseTallyTables.Impression}), countIf(kind = {ClickHouseTallyTables.Click}),
            countIf(kind = {ClickHouseTallyTables.View}), countIf(kind = {ClickHouseTallyTables.Conversion}), max(at), min(id)
        FROM {table.Sql} FINAL
        ARRAY JOIN {InDimensions}, ['', country, device, browser, source, verdict] AS trait
        WHERE {Stretch} AND kind <= {ClickHouseTallyTables.Conversion} AND {Counted} AND {_variant}
        GROUP BY dim, trait, variant, hour
        ORDER BY dim, count() DESC, min(id)
        LIMIT {RowsMax} BY dim
        FORMAT TSV
        """;

    /// <summary>
    /// Different units by variant and hour, and by variant and UTC day. What is repeated changes nothing, so rows need
    /// no merging.
    /// </summary>
    public string Units() =>
        $"""
        SELECT hex(variant), of_day, intDiv(at, if(of_day = 1, {CountSeries.Day}, {CountSeries.Hour})) AS period, uniqCombined(unit)
        FROM {table.Sql}
        ARRAY JOIN [0, 1] AS of_day
        WHERE {Stretch} AND kind <= {ClickHouseTallyTables.Conversion} AND {Counted} AND {_variant} AND unit != 0
        GROUP BY variant, of_day, period
        ORDER BY of_day, variant, period
        LIMIT {RowsMax}
        FORMAT TSV
        """;

    /// <summary>When each weights version had its first mature trial, and how many trials of it are open.</summary>
    public string Versions(long asOfMs) =>
        $"""
        SELECT version, minIf(begun, {IsFinal(asOfMs)}), countIf({IsFinal(asOfMs)}), countIf(NOT ({IsFinal(asOfMs)}))
        FROM ({Trials})
        GROUP BY version
        ORDER BY version
        LIMIT {RowsMax}
        FORMAT TSV
        """;

    /// <summary>Mature trials by variant, version, chance, epoch and hour, and by variant and each property.</summary>
    /// <param name="asOfMs">The moment that decides which trials are mature.</param>
    /// <param name="cuts">When epochs begin, ascending.</param>
    public string MatureTrials(long asOfMs, IEnumerable<EpochCut> cuts)
    {
        var list = string.Join(", ", cuts.Select(static cut => cut.AtMs.ToString(CultureInfo.InvariantCulture)));
        var epoch = list.Length == 0 ? "0" : $"arrayCount(cut -> cut <= begun, [{list}])";
        return $"""
            SELECT dim, hex(trait), hex(shown), if(dim = 0, version, 0) AS of_version, if(dim = 0, odds, 0) AS of_odds,
                if(dim = 0, {epoch}, 0) AS epoch, if(dim = 0, intDiv(begun, {CountSeries.Hour}), 0) AS hour,
                count() AS trials, sum(reached), sum(worth), sum(worth * worth), min(first)
            FROM (SELECT * FROM ({Trials}) ALL LEFT JOIN ({Successes}) USING u)
            ARRAY JOIN {InDimensions}, ['', a_country, a_device, a_browser, a_source, a_verdict] AS trait
            WHERE {IsFinal(asOfMs)}
            GROUP BY dim, trait, shown, of_version, of_odds, epoch, hour
            ORDER BY dim, trials DESC, min(first)
            LIMIT {RowsMax} BY dim
            FORMAT TSV
            """;
    }

    private string Stretch => Days(from, before);

    /// <summary>Goals may be reached a window later, and no window is longer than a day.</summary>
    private string StretchOfGoals => Days(from, before?.AddDays(1));

    /// <summary>
    /// The trials among which a goal finds its own: a value counts for one of its sender's units alone, whose trial may be of
    /// the day before or after.
    /// </summary>
    private string StretchOfCandidates =>
        experiment.GoalConfig.Type == GoalType.Value ? Days(from.AddDays(-1), before?.AddDays(1)) : Stretch;

    private string Starts =>
        experiment.TrialStart == TrialStart.Click
            ? $"kind = {ClickHouseTallyTables.Click}"
            : $"kind IN ({ClickHouseTallyTables.Impression}, {ClickHouseTallyTables.View})";

    /// <summary>The kind of the experiment's own events that reach its goal; goals by name have their own.</summary>
    private int GoalKind =>
        experiment.GoalConfig.Type switch
        {
            GoalType.Conversion => ClickHouseTallyTables.Conversion,
            GoalType.Event or GoalType.Value => 0,
            _ => ClickHouseTallyTables.Click,
        };

    private string Unitless => $"{Person} AND {_variant} AND unit_ignored != '' AND unit = 0 AND chance > 0";

    /// <summary>
    /// The first exposure of each unit: a hash of the day has one trial at most. Its row is looked up by its id, because a
    /// minimum of the id alone takes far less memory than every column by the smallest id.
    /// </summary>
    private string Trials =>
        $"""
        SELECT unit AS u, id AS first, at AS begun, variant AS shown, weights_version AS version, chance AS odds, country AS a_country,
            device AS a_device, browser AS a_browser, source AS a_source, verdict AS a_verdict
        FROM {table.Sql} FINAL
        WHERE {Stretch} AND {Exposure} AND id IN (SELECT min(id) FROM {table.Sql}{Corrected(Starts)} WHERE {Stretch} AND {Exposure} GROUP BY unit)
        """;

    /// <summary>The same trials, or those of the days around them too, without what is known of their visitors.</summary>
    private string Candidates =>
        $"""
        SELECT unit AS u, min(id) AS first, min(at) AS begun
        FROM {table.Sql}{Corrected(Starts)}
        WHERE {StretchOfCandidates} AND {Exposure}
        GROUP BY unit
        """;

    /// <summary>What begins a trial when it is a unit's first.</summary>
    private string Exposure => $"{Starts} AND {Person} AND {_variant} AND chance > 0 AND unit != 0";

    /// <summary>
    /// The units that reached the goal, and what it was worth. A value counts for the first unit of its sender that has a
    /// trial, a success for all of them.
    /// </summary>
    private string Successes =>
        $"""
        SELECT arrayJoin(if(goal_value > 0, [one], every)) AS u, toUInt8(1) AS reached,
            {(experiment.GoalConfig.Type == GoalType.Value ? "sum(goal_value)" : "toFloat64(1)")} AS worth
        FROM
        (
            SELECT goal_id, goal_value, argMin(u, place) AS one, groupArray(u) AS every
            FROM ({Goals}) ALL INNER JOIN ({Candidates}) USING u
            WHERE goal_id > first AND goal_at >= begun AND goal_at <= begun + {WindowMs(experiment)}
            GROUP BY goal_id, goal_value
        )
        GROUP BY u
        """;

    private string Goals =>
        experiment.GoalConfig.Type switch
        {
            GoalType.Conversion => $"{OwnGoals} UNION ALL {NamedGoals}",
            GoalType.Event or GoalType.Value => NamedGoals,
            _ => OwnGoals,
        };

    /// <summary>Events of the experiment itself; a click that starts a trial reaches no goal.</summary>
    private string OwnGoals =>
        $"""
        SELECT u, toUInt32(1) AS place, id AS goal_id, at AS goal_at, toFloat64(0) AS goal_value
        FROM {table.Sql}{Corrected($"kind = {GoalKind}")}
        ARRAY JOIN [unit, previous] AS u
        WHERE {StretchOfGoals} AND kind = {GoalKind} AND {Person} AND {_variant} AND unit != 0 AND u != 0
            AND NOT ({Starts} AND chance > 0)
        """;

    private string NamedGoals =>
        $"""
        SELECT u, place, id AS goal_id, at AS goal_at, value AS goal_value
        FROM {table.Sql} FINAL
        ARRAY JOIN arraySlice(units, 1, {UnitsMax}) AS u, arrayEnumerate(arraySlice(units, 1, {UnitsMax})) AS place
        WHERE {StretchOfGoals} AND kind = {ClickHouseTallyTables.Goal} AND u != 0
        """;

    /// <summary>
    /// Clicks may have been corrected, and only FINAL sees the last verdict on them before the rows are merged; of other
    /// events all rows are the same.
    /// </summary>
    private static string Corrected(string kinds) =>
        kinds == $"kind = {ClickHouseTallyTables.Click}" ? " FINAL" : "";

    private static long WindowMs(Experiment experiment) => experiment.AttributionWindowMinutes * 60_000L;

    private static string Machines(int kind) =>
        $"countIf(kind = {kind} AND verdict = 'bot'), countIf(kind = {kind} AND verdict = 'scanner'), countIf(kind = {kind} AND verdict = 'prefetch')";

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private string IsFinal(long asOfMs) => $"begun + {FinalAfterMs(experiment)} < {asOfMs}";

    private string Days(DateOnly first, DateOnly? end) =>
        $"experiment_uid = '{experiment.Uid}' AND day >= '{Text(first)}'" + (end is { } day ? $" AND day < '{Text(day)}'" : "");
}
