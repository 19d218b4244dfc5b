using System.Globalization;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Postgres;
using Npgsql;
using NpgsqlTypes;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.Postgres;

/// <summary>
/// One connection with its staging table. Failures of the server and of the network are exceptions, which
/// <see cref="PostgresFailure"/> describes; after one the session may be unusable. Used by one task at a time.
/// </summary>
internal sealed partial class PostgresSession : IDisposable
{
    /// <summary>Rows are written to the connection in pieces of about this size.</summary>
    private const int PieceBytes = 256 << 10;

    private const string Staging = "pg_temp.edge_batch";

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;
    private readonly PostgresTable _table;
    private PostgresRows? _rows;
    private string _copy = "";
    private string _insert = "";

    private PostgresSession(PostgresSinkOptions options, NpgsqlDataSource source, NpgsqlConnection connection)
    {
        _source = source;
        _connection = connection;
        _table = PostgresTable.Of(options.Table);
    }

    /// <summary>Whether it can be used again after a failure.</summary>
    public bool IsUsable => _connection.FullState == System.Data.ConnectionState.Open;

    public Version ServerVersion => _connection.PostgreSqlVersion;

    /// <summary>
    /// Connects and sets the limits of the session. Throws when the server cannot be reached or refuses.
    /// </summary>
    public static async Task<PostgresSession> ConnectAsync(PostgresSinkOptions options, CancellationToken deadline)
    {
        var source = PostgresConnection.BuildSource(
            options.Connection,
            options.Password,
            options.PasswordFile,
            options.ConnectTimeoutMs,
            options.StatementTimeoutMs
        );
        NpgsqlConnection? connection = null;
        try
        {
            connection = await source.OpenConnectionAsync(deadline).ConfigureAwait(false);
            var session = new PostgresSession(options, source, connection);
            await session
                .ExecuteAsync($"SET statement_timeout = {options.StatementTimeoutMs}", deadline)
                .ConfigureAwait(false);
            await session
                .ExecuteAsync($"SET idle_in_transaction_session_timeout = {options.StatementTimeoutMs}", deadline)
                .ConfigureAwait(false);

            // The journal removes what was confirmed, so a confirmation has to mean that it is on the server's disk.
            await session
                .ExecuteAsync(
                    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
                    deadline
                )
                .ConfigureAwait(false);
            return session;
        }
        catch
        {
            connection?.Dispose();
            source.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Prepares to take events. Returns what is wrong with the table, in words; null when nothing is.
    /// </summary>
    public async Task<string?> PrepareAsync(CancellationToken deadline)
    {
        var present = await ColumnsAsync(deadline).ConfigureAwait(false);
        if (present.Count == 0)
        {
            return $"there is no table {_table.Text}: create it with edge sink init";
        }

        // A generated column, such as one somebody made of the payload, cannot be written.
        var generated = await ColumnsAsync(deadline, " AND a.attgenerated <> ''").ConfigureAwait(false);
        var columns = Array.FindAll(
            PostgresColumn.All,
            column => present.Contains(column.Name) && !generated.Contains(column.Name)
        );
        if (!present.Contains(PostgresColumn.IdName) || await KeyAsync(deadline).ConfigureAwait(false) is not { } key)
        {
            return $"table {_table.Text} has no unique key on {PostgresColumn.IdName}, by which repeated events are known:"
                + " edge sink init --print shows the table";
        }

        var names = string.Join(", ", Array.ConvertAll(columns, static column => PostgresTable.Quote(column.Name)));
        var typed = Array.ConvertAll(columns, static column => $"{PostgresTable.Quote(column.Name)} {column.Type}");
        await ExecuteAsync($"CREATE TEMP TABLE edge_batch ({string.Join(", ", typed)}) ON COMMIT DELETE ROWS", deadline)
            .ConfigureAwait(false);
        _rows = new PostgresRows(columns);
        _copy = $"COPY {Staging} ({names}) FROM STDIN (FORMAT BINARY)";
        _insert = $"INSERT INTO {_table.Sql} ({names}) SELECT {names} FROM {Staging} ON CONFLICT ({key}) DO NOTHING";
        InjectInsert(ref _insert);
        return null;
    }

    /// <summary>
    /// Stores a part of a batch in one transaction: all of it, or nothing when it throws. Rows that the table already
    /// has stay as they are.
    /// </summary>
    public async Task WriteAsync(RecordBatch batch, int first, int count, CancellationToken deadline)
    {
        var transaction = await _connection.BeginTransactionAsync(deadline).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await CopyAsync(batch, first, count, deadline).ConfigureAwait(false);
            await ExecuteAsync(_insert, deadline).ConfigureAwait(false);
            var isCommitSkipped = false;
            InjectCommit(ref isCommitSkipped);
            if (!isCommitSkipped)
            {
                await transaction.CommitAsync(deadline).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Names of the table's columns; empty when there is no such table.</summary>
    public Task<List<string>> ColumnsAsync(CancellationToken deadline, string condition = "") =>
        ReadTextsAsync(
            "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped"
                + condition,
            _table.Sql,
            deadline
        );

    public async Task<bool> HasLz4Async(CancellationToken deadline) =>
        await ReadTextsAsync(
                "SELECT name FROM pg_settings WHERE name = $1 AND 'lz4' = ANY (enumvals)",
                "default_toast_compression",
                deadline
            )
            .ConfigureAwait(false)
            is [_];

    /// <summary>How many of these events the table has.</summary>
    public async Task<long> CountPresentAsync(IReadOnlyList<EventId> ids, CancellationToken deadline)
    {
        var counts = await ReadTextsAsync(
                $"SELECT count(DISTINCT {PostgresColumn.IdName})::text FROM {_table.Sql}"
                    + $" WHERE {PostgresColumn.IdName} = ANY(string_to_array($1, ',')::uuid[])",
                string.Join(',', ids.Select(static id => id.ToString())),
                deadline
            )
            .ConfigureAwait(false);
        return long.Parse(counts[0], CultureInfo.InvariantCulture);
    }

    public async Task ExecuteAsync(string sql, CancellationToken deadline)
    {
        var command = new NpgsqlCommand(sql, _connection);
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync(deadline).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        _connection.Dispose();
        _source.Dispose();
    }

    static partial void InjectInsert(ref string sql);

    static partial void InjectCommit(ref bool isSkipped);

    /// <summary>The columns of the unique key that identifies repeated events; null when the table has none.</summary>
    private async Task<string?> KeyAsync(CancellationToken deadline)
    {
        // A partitioned table cannot have a key without its partition column, and an event's time never changes.
        var both = PostgresColumn.IdName + "," + PostgresColumn.ReceivedAtName;
        var keys = await ReadTextsAsync(
                """
                SELECT (SELECT string_agg(a.attname, ',' ORDER BY a.attname) FROM pg_attribute a
                        WHERE a.attrelid = i.indrelid AND a.attnum = ANY((i.indkey::int2[])[0:i.indnkeyatts - 1]))
                FROM pg_index i
                WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indimmediate AND i.indisvalid
                  AND i.indpred IS NULL AND i.indexprs IS NULL
                """,
                _table.Sql,
                deadline
            )
            .ConfigureAwait(false);
        return keys.Contains(PostgresColumn.IdName) ? PostgresColumn.IdName
            : keys.Contains(both) ? both
            : null;
    }

    private async Task CopyAsync(RecordBatch batch, int first, int count, CancellationToken deadline)
    {
        var rows = _rows!;
        var stream = await _connection.BeginRawBinaryCopyAsync(_copy, deadline).ConfigureAwait(false);

        // Disposing ends the copy, which is when the server reports errors.
        await using (stream.ConfigureAwait(false))
        {
            rows.Clear();
            rows.Begin();
            for (var i = first; i < first + count; i++)
            {
                rows.Add(batch[i].Id, batch.Payload(i).Span);
                if (rows.Bytes.Length >= PieceBytes)
                {
                    await stream.WriteAsync(rows.Bytes, deadline).ConfigureAwait(false);
                    rows.Clear();
                }

                CooperativeYield.AfterEvent(i);
            }

            rows.End();
            await stream.WriteAsync(rows.Bytes, deadline).ConfigureAwait(false);
        }
    }

    private async Task<List<string>> ReadTextsAsync(string sql, string parameter, CancellationToken deadline)
    {
        var texts = new List<string>();
        var command = new NpgsqlCommand(sql, _connection);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Add(
                new NpgsqlParameter<string> { TypedValue = parameter, NpgsqlDbType = NpgsqlDbType.Text }
            );
            var reader = await command.ExecuteReaderAsync(deadline).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(deadline).ConfigureAwait(false))
                {
                    texts.Add(reader.GetString(0));
                }
            }
        }

        return texts;
    }
}
