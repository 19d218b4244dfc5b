using System.Globalization;

namespace Edge.Forwarding.ClickHouse;

/// <summary><c>edge sink init</c> for ClickHouse: finds what the server lacks and creates it.</summary>
internal static class ClickHouseSetup
{
    /// <summary>Longest time in which the events of one day are taken into the tables that experiments are counted from.</summary>
    private const int FillTimeoutMs = 600_000;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The statements this server needs; they were executed when <paramref name="applies"/>.
    /// </summary>
    public static async Task<SinkSetup> RunAsync(ClickHouseSinkOptions options, bool applies, TimeProvider time)
    {
        using var client = new ClickHouseClient(options, time);
        using var deadline = new CancellationTokenSource(Deadline);
        var table = ClickHouseTable.Of(options.Table);
        var tally = options.CountsExperiments ? new ClickHouseTallyTables(table) : null;
        var (server, problem) = await client.AskAsync(deadline.Token);
        if (server is null)
        {
            var oldest = ClickHouseVersion.Oldest;
            List<string> all = [.. ClickHouseSchema.Statements(table, oldest, []), .. tally?.Create() ?? []];
            return new SinkSetup(
                $"ClickHouse {oldest.Version}",
                tally is null ? all : [.. all, tally.Complete()],
                problem
            );
        }

        var name = $"ClickHouse {server.Version} at {client.Place}";
        var database = table.Database.Length == 0 ? "currentDatabase()" : $"'{table.Database}'";
        var columns = await client.ExecuteAsync(
            $"SELECT name FROM system.columns WHERE database = {database} AND table = '{table.Name}' FORMAT TSV",
            deadline.Token
        );
        if (ClickHouseResponseClassifier.Classify(columns, options) is { IsDelivered: false } refused)
        {
            return new SinkSetup(name, [], refused.Reason);
        }

        var present = columns.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var statements = ClickHouseSchema.Statements(table, server, present);
        var failure = await ExecuteAsync(client, options, applies ? statements : [], deadline.Token);
        if (failure is null && tally is not null)
        {
            failure = await AddTallyAsync(client, options, tally, statements, hasEvents: present.Length > 0, applies, time);
        }

        return new SinkSetup(name, statements, failure);
    }

    /// <summary>
    /// Makes the tables that experiments are counted from, and takes the events of before into them day by day, the newest
    /// first. One that is interrupted begins anew the next time; what it had taken stays what it is.
    /// </summary>
    private static async Task<string?> AddTallyAsync(
        ClickHouseClient client,
        ClickHouseSinkOptions options,
        ClickHouseTallyTables tally,
        List<string> statements,
        bool hasEvents,
        bool applies,
        TimeProvider time
    )
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var table = ClickHouseTable.Of(options.Table);
        var database = table.Database.Length == 0 ? "currentDatabase()" : $"'{table.Database}'";
        var names = string.Join("', '", tally.Names);
        var found = await client.ExecuteAsync(
            $"SELECT name FROM system.tables WHERE database = {database} AND name IN ('{names}') FORMAT TSV",
            deadline.Token
        );
        if (ClickHouseResponseClassifier.Classify(found, options) is { IsDelivered: false } refused)
        {
            return refused.Reason;
        }

        if (tally.AreComplete(found.Body.Split('\n')))
        {
            return null;
        }

        List<string> added = [.. tally.Create()];
        statements.AddRange(added);
        if (await ExecuteAsync(client, options, applies ? added : [], deadline.Token) is { } failure)
        {
            return failure;
        }

        if (hasEvents)
        {
            var days = await client.ExecuteAsync(
                $"SELECT DISTINCT day FROM {table.Sql} ORDER BY day DESC FORMAT TSV",
                deadline.Token
            );
            if (ClickHouseResponseClassifier.Classify(days, options) is { IsDelivered: false } unread)
            {
                return unread.Reason;
            }

            using var filler = new ClickHouseClient(
                options with { Transport = options.Transport with { RequestTimeoutMs = FillTimeoutMs } },
                time
            );
            foreach (var text in days.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                if (!DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
                {
                    return $"{client.Place} does not answer like ClickHouse; check url";
                }

                List<string> fill = [.. tally.Fill(day)];
                statements.AddRange(fill);
                if (await ExecuteAsync(filler, options, applies ? fill : [], CancellationToken.None) is { } unfilled)
                {
                    return unfilled;
                }
            }
        }

        statements.Add(tally.Complete());
        return await ExecuteAsync(client, options, applies ? [tally.Complete()] : [], CancellationToken.None);
    }

    /// <summary>Executes statements in order; what is wrong with the first that fails, null when none does.</summary>
    private static async Task<string?> ExecuteAsync(
        ClickHouseClient client,
        ClickHouseSinkOptions options,
        IReadOnlyList<string> statements,
        CancellationToken cancellation
    )
    {
        foreach (var statement in statements)
        {
            var response = await client.ExecuteAsync(statement, cancellation);
            if (ClickHouseResponseClassifier.Classify(response, options) is { IsDelivered: false } failed)
            {
                return failed.Reason;
            }
        }

        return null;
    }
}
