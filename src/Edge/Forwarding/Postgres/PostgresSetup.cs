using Edge.Postgres;

namespace Edge.Forwarding.Postgres;

/// <summary><c>edge sink init</c> for PostgreSQL: finds what the server lacks and creates it.</summary>
internal static class PostgresSetup
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The statements this server needs; they were executed when <paramref name="applies"/>.
    /// </summary>
    public static async Task<SinkSetup> RunAsync(PostgresSinkOptions options, bool applies)
    {
        var place = PostgresConnection.Place(options.Connection);
        var table = PostgresTable.Of(options.Table);
        using var deadline = new CancellationTokenSource(Deadline);
        try
        {
            using var session = await PostgresSession.ConnectAsync(options, deadline.Token);
            var version = session.ServerVersion;
            var server = $"PostgreSQL {version} at {place}";
            if (version.Major < PostgresSchema.VersionMin)
            {
                return new SinkSetup(
                    server,
                    [],
                    $"it is older than {PostgresSchema.VersionMin}, the oldest version the sink is written for"
                );
            }

            var present = await session.ColumnsAsync(deadline.Token);
            var statements = PostgresSchema.Statements(table, present, await session.HasLz4Async(deadline.Token));
            foreach (var statement in applies ? statements : [])
            {
                await session.ExecuteAsync(statement, deadline.Token);
            }

            return new SinkSetup(server, statements, Problem: null);
        }
        catch (Exception e) when (PostgresFailure.IsExpected(e))
        {
            // Without the server: the statements for an empty database of any version.
            var statements = PostgresSchema.Statements(table, [], hasLz4: false);
            return new SinkSetup("any PostgreSQL", statements, PostgresFailure.Describe(e, place));
        }
    }
}
