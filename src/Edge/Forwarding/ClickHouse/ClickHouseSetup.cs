namespace Edge.Forwarding.ClickHouse;

/// <summary><c>edge sink init</c> for ClickHouse: finds what the server lacks and creates it.</summary>
internal static class ClickHouseSetup
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The statements this server needs; they were executed when <paramref name="applies"/>.
    /// </summary>
    public static async Task<SinkSetup> RunAsync(ClickHouseSinkOptions options, bool applies, TimeProvider time)
    {
        using var client = new ClickHouseClient(options, time);
        using var deadline = new CancellationTokenSource(Deadline);
        var table = ClickHouseTable.Of(options.Table);
        var (server, problem) = await client.AskAsync(deadline.Token);
        if (server is null)
        {
            var oldest = ClickHouseVersion.Oldest;
            return new SinkSetup(
                $"ClickHouse {oldest.Version}",
                ClickHouseSchema.Statements(table, oldest, []),
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
        foreach (var statement in applies ? statements : [])
        {
            var response = await client.ExecuteAsync(statement, deadline.Token);
            if (ClickHouseResponseClassifier.Classify(response, options) is { IsDelivered: false } failed)
            {
                return new SinkSetup(name, statements, failed.Reason);
            }
        }

        return new SinkSetup(name, statements, Problem: null);
    }
}
