using System.Globalization;

namespace Edge.Forwarding.ClickHouse;

/// <summary>
/// What experiments are counted from in ClickHouse: a table beside that of the events with one narrow row for each event
/// that an experiment counts and for each goal that an event reaches, which three materialized views fill while events
/// arrive. Its key begins with the experiment and the day, so a question about one experiment reads little else, and it
/// ends with the id, so a repeated event is one row, and so are a click and its corrections: of these the last one holds,
/// which a question with <c>FINAL</c> sees. Rows of a test (<c>synthetic</c>) are not in it.
/// </summary>
internal sealed class ClickHouseTallyTables(ClickHouseTable events)
{
    /// <summary>Value of <c>kind</c> for an impression.</summary>
    public const int Impression = 1;

    /// <summary>A click.</summary>
    public const int Click = 2;

    /// <summary>A view.</summary>
    public const int View = 3;

    /// <summary>A conversion.</summary>
    public const int Conversion = 4;

    /// <summary>A goal that an event reaches by its name; it has <c>units</c> and <c>value</c> alone.</summary>
    public const int Goal = 5;

    private readonly ClickHouseTable _eventView = events with { Name = events.Name + "_tally_events" };
    private readonly ClickHouseTable _goalView = events with { Name = events.Name + "_tally_goals" };
    private readonly ClickHouseTable _verdictView = events with { Name = events.Name + "_tally_verdicts" };
    private readonly ClickHouseTable _hours = events with { Name = events.Name + "_tally_hours" };

    /// <summary>The table.</summary>
    public ClickHouseTable Table { get; } = events with { Name = events.Name + "_tally" };

    /// <summary>Names of everything, as they are looked for on the server.</summary>
    public IReadOnlyList<string> Names => [Table.Name, _eventView.Name, _goalView.Name, _verdictView.Name, _hours.Name];

    /// <summary>Whether everything is there, and the events of before are in it: the last is made when they are.</summary>
    public bool AreComplete(IReadOnlyCollection<string> present) => Names.All(present.Contains);

    /// <summary>Makes the table and what fills it from now on.</summary>
    public IEnumerable<string> Create() =>
        [
            $"""
            CREATE TABLE IF NOT EXISTS {Table.Sql}
            (
                experiment_uid String,
                day Date,
                kind UInt8,
                id String,
                at UInt64,
                variant String,
                chance UInt16,
                weights_version UInt32,
                unit UInt64,
                previous UInt64,
                unit_ignored String,
                verdict String,
                country String,
                device String,
                browser String,
                source String,
                units Array(UInt64),
                value Float64,
                revision UInt64
            )
            ENGINE = ReplacingMergeTree(revision)
            PARTITION BY toYYYYMM(day)
            ORDER BY (experiment_uid, day, kind, id)
            """,
            $"CREATE MATERIALIZED VIEW IF NOT EXISTS {_eventView.Sql} TO {Table.Sql} AS\n{OfEvents("")}",
            $"CREATE MATERIALIZED VIEW IF NOT EXISTS {_goalView.Sql} TO {Table.Sql} AS\n{OfGoals("")}",
            $"CREATE MATERIALIZED VIEW IF NOT EXISTS {_verdictView.Sql} TO {Table.Sql} AS\n{OfVerdicts("")}",
        ];

    /// <summary>Takes the events of one day that were there before; repeating it changes nothing.</summary>
    public IEnumerable<string> Fill(DateOnly day)
    {
        var ofDay = string.Create(CultureInfo.InvariantCulture, $" AND day = '{day:yyyy-MM-dd}'");
        return
        [
            $"INSERT INTO {Table.Sql}\n{OfEvents(ofDay)}",
            $"INSERT INTO {Table.Sql}\n{OfGoals(ofDay)}",
            // Those of the clicks of the day; they may be of the day after.
            $"INSERT INTO {Table.Sql}\n{OfVerdicts(string.Create(CultureInfo.InvariantCulture, $" AND toDate(assumeNotNull(timestamp)) = '{day:yyyy-MM-dd}'"))}",
        ];
    }

    /// <summary>Makes the series as people read them; its presence says that the table is complete.</summary>
    public string Complete() =>
        $"""
        CREATE VIEW IF NOT EXISTS {_hours.Sql} AS
        SELECT experiment_uid, variant, toDateTime(intDiv(at, 3600000) * 3600, 'UTC') AS hour,
            countIf(kind = {Impression}) AS impressions, countIf(kind = {Click}) AS clicks
        FROM {Table.Sql} FINAL
        WHERE kind <= {Conversion} AND variant != '' AND verdict NOT IN ('bot', 'scanner', 'prefetch')
        GROUP BY experiment_uid, variant, hour
        """;

    // An old server gives a column that the SELECT does not name no default.
    private string OfEvents(string condition) =>
        $"""
        SELECT experiment_uid, toDate(received_at) AS day,
            toUInt8(transform(type, ['impression', 'click', 'view', 'conversion'], [{Impression}, {Click}, {View}, {Conversion}], 0)) AS kind,
            id, {At("id")} AS at, {Columns}, toUInt64(0) AS revision
        FROM {events.Sql}
        WHERE experiment_uid != '' AND synthetic = '' AND type IN ('impression', 'click', 'view', 'conversion'){condition}
        """;

    /// <summary>
    /// A correction as the click that it corrects, with the other verdict. A click is taken back at most once, and given back
    /// once after that.
    /// </summary>
    private string OfVerdicts(string condition) =>
        $"""
        SELECT experiment_uid, toDate(assumeNotNull(timestamp)) AS day, toUInt8({Click}) AS kind, corrects AS id, {At("corrects")} AS at,
            {Columns}, toUInt64(if(verdict IN ('bot', 'scanner', 'prefetch'), 1, 2)) AS revision
        FROM {events.Sql}
        WHERE experiment_uid != '' AND synthetic = '' AND type = 'verdict' AND verdict != verdict_before{condition}
        """;

    private string OfGoals(string condition) =>
        $$"""
        SELECT visitParamExtractString(goal, 'experiment_uid') AS experiment_uid, toDate(received_at) AS day, toUInt8({{Goal}}) AS kind,
            id, {{At("id")}} AS at, '' AS variant, toUInt16(0) AS chance, toUInt32(0) AS weights_version, toUInt64(0) AS unit,
            toUInt64(0) AS previous, '' AS unit_ignored, '' AS verdict, '' AS country, '' AS device, '' AS browser, '' AS source,
            arrayMap(hash -> {{Unhex("hash")}}, extractAll(visitParamExtractRaw(goal, 'unit_hashes'), '[0-9a-f]{16}')) AS units,
            visitParamExtractFloat(goal, 'value') AS value, toUInt64(0) AS revision
        FROM {{events.Sql}}
        ARRAY JOIN extractAll(goals, '\\{[^{}]*\\}') AS goal
        WHERE goals != '' AND synthetic = ''{{condition}}
        """;

    /// <summary>What an event says of a row, beside when it was and what it is.</summary>
    private static string Columns =>
        $"""
        variant, toUInt16(if(ifNull(probability, 0) BETWEEN 0 AND 1, round(ifNull(probability, 0) * 10000), 0)) AS chance, weights_version,
            if(length(unit_hash) = 16, {Unhex("unit_hash")}, toUInt64(0)) AS unit,
            if(length(unit_hash_prev) = 16, {Unhex("unit_hash_prev")}, toUInt64(0)) AS previous,
            unit_ignored, verdict, country, device_type AS device, browser, source, emptyArrayUInt64() AS units, toFloat64(0) AS value
        """;

    /// <summary>Ids begin with the milliseconds of received_at, which the column does not have on every server.</summary>
    private static string At(string id) =>
        $"reinterpretAsUInt64(reverse(unhex(concat(substring({id}, 1, 8), substring({id}, 10, 4)))))";

    private static string Unhex(string text) => $"reinterpretAsUInt64(reverse(unhex({text})))";
}
