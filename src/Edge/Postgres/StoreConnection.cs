using Edge.Catalog;
using Npgsql;
using NpgsqlTypes;

namespace Edge.Postgres;

/// <summary>How the store is reached.</summary>
internal sealed record StoreOptions
{
    /// <summary>Connection string that <see cref="PostgresConnection.Problem"/> accepts.</summary>
    public required string Connection { get; init; }

    /// <summary>Password outside it; empty is none.</summary>
    public string Password { get; init; } = "";

    /// <summary>File with the password, read at every connect; empty is none.</summary>
    public string PasswordFile { get; init; } = "";
}

/// <summary>PostgreSQL does not answer, or refuses; nothing has changed unless the answer says so.</summary>
internal sealed class StoreUnavailableException(string answer, string reason, Exception? cause = null)
    : StoreException(answer, reason, cause);

/// <summary>
/// A connection to the store that is opened when it is needed and again after it broke: for writes, which it makes one at
/// a time in a transaction each, and for questions. Failures are <see cref="StoreUnavailableException"/>, except those a
/// constraint of the schema causes. Thread safe; callers wait for each other, for as long as the limits of connect and
/// statement allow.
/// </summary>
internal sealed class StoreConnection(StoreOptions options) : IDisposable
{
    /// <summary>Key of the advisory lock that a transaction that writes holds to its end: EDGE and 1.</summary>
    public const string WriteLock = "4991192648711667713";

    /// <summary>Key of the advisory lock that the session of the leader holds: EDGE and 2.</summary>
    public const string LeaderLock = "4991192648711667714";

    /// <summary>The channel on which changes are told.</summary>
    public const string Channel = "edge_store";

    private const string Unchanged = "The store cannot be used, and nothing has changed";

    /// <summary>Longest time for a connect, milliseconds.</summary>
    private const int ConnectTimeoutMs = 5_000;

    /// <summary>Longest time for a statement, milliseconds, waits for the lock of another writer included.</summary>
    private const int StatementTimeoutMs = 10_000;

    private readonly Lock _turn = new();
    private NpgsqlDataSource? _source;
    private NpgsqlConnection? _connection;
    private volatile string? _away;

    /// <summary>Where the server is, for messages.</summary>
    public string Place { get; } = PostgresConnection.Place(options.Connection);

    /// <summary>Identity of the database that it has to be; null when any will do.</summary>
    public string? Id { get; set; }

    /// <summary>
    /// Why nothing need be tried, while somebody else sees to it that the store is reached again; null otherwise.
    /// </summary>
    public string? Away
    {
        get => _away;
        set => _away = value;
    }

    /// <summary>
    /// Opens a connection of its own, with the limits of a session. Throws what <see cref="PostgresFailure"/> describes.
    /// </summary>
    /// <param name="source">Disposed with the connection by the caller.</param>
    public NpgsqlConnection Open(out NpgsqlDataSource source)
    {
        source = PostgresConnection.BuildSource(
            options.Connection,
            options.Password,
            options.PasswordFile,
            ConnectTimeoutMs,
            StatementTimeoutMs
        );
        try
        {
            var connection = source.OpenConnection();
            Execute(connection, $"SET statement_timeout = {StatementTimeoutMs}");
            Execute(connection, $"SET idle_in_transaction_session_timeout = {StatementTimeoutMs}");
            // Or a machine that lost its power would hold the lock of the leader for hours.
            Execute(connection, "SET tcp_keepalives_idle = 10");
            Execute(connection, "SET tcp_keepalives_interval = 5");
            Execute(connection, "SET tcp_keepalives_count = 3");
            // What is acknowledged has to be on the server's disk: off is the one value that waits for none.
            Execute(
                connection,
                "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
            );
            return connection;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>
    /// What keeps this program from using the database of a connection, and its identity. Throws what
    /// <see cref="PostgresFailure"/> describes.
    /// </summary>
    public string? ProblemOf(NpgsqlConnection connection, out string id)
    {
        id = "";
        if (StoreMigrations.Problem(StoreMigrations.VersionOf(connection), Place) is { } problem)
        {
            return problem;
        }

        id = Query(connection, "SELECT id FROM edge.store")[0][0]!;
        return null;
    }

    /// <summary>Answers a question.</summary>
    public T Read<T>(Func<NpgsqlConnection, T> ask) => Use(ask, writes: false, needsSchema: true);

    /// <summary>
    /// Makes a change in one transaction, while nobody else makes one; committed when this returns. A constraint that
    /// forbids it is a <see cref="PostgresException"/> of class 23.
    /// </summary>
    public T Write<T>(Func<NpgsqlConnection, T> change, bool needsSchema = true) =>
        Use(change, writes: true, needsSchema);

    public void Dispose()
    {
        lock (_turn)
        {
            Close();
        }
    }

    /// <summary>All rows as text; the parameters are texts, too, $1 to $n.</summary>
    public static List<string?[]> Query(NpgsqlConnection connection, string sql, params ReadOnlySpan<string?> parameters)
    {
        using var command = CommandOf(connection, sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<string?[]>();
        while (reader.Read())
        {
            var row = new string?[reader.FieldCount];
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = reader.IsDBNull(i) ? null : reader.GetString(i);
            }

            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Executes a statement; returns how many rows it has touched.</summary>
    public static int Execute(NpgsqlConnection connection, string sql, params ReadOnlySpan<string?> parameters)
    {
        using var command = CommandOf(connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    private static NpgsqlCommand CommandOf(NpgsqlConnection connection, string sql, ReadOnlySpan<string?> parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(
                new NpgsqlParameter<string?> { TypedValue = parameter, NpgsqlDbType = NpgsqlDbType.Text }
            );
        }

        return command;
    }

    private T Use<T>(Func<NpgsqlConnection, T> act, bool writes, bool needsSchema)
    {
        lock (_turn)
        {
            if (Away is { } reason)
            {
                throw new StoreUnavailableException(Unchanged, reason);
            }

            // Whether the change may have been made although no answer came.
            var isDoubtful = false;
            try
            {
                NpgsqlTransaction? transaction = null;
                try
                {
                    transaction = Begin(writes, needsSchema);
                    var result = act(_connection!);
                    isDoubtful = writes;
                    transaction?.Commit();
                    return result;
                }
                finally
                {
                    transaction?.Dispose();
                }
            }
            catch (PostgresException e) when (e.SqlState.StartsWith("23", StringComparison.Ordinal))
            {
                // The transaction was rolled back, the connection is as good as before.
                throw;
            }
            catch (Exception e) when (PostgresFailure.IsExpected(e))
            {
                Close();
                // What the server itself refuses it has not done.
                var outcome =
                    isDoubtful && e is not PostgresException
                        ? "The store broke off, so whether the change was made is not known; look before you send it again"
                        : Unchanged;
                throw new StoreUnavailableException(outcome, PostgresFailure.Describe(e, Place, isStore: true), e);
            }
        }
    }

    /// <summary>
    /// Begins a transaction, or makes sure that the connection lives. One that was idle may have broken meanwhile, which
    /// costs another attempt and is no failure: nothing was changed yet.
    /// </summary>
    private NpgsqlTransaction? Begin(bool writes, bool needsSchema)
    {
        var wasIdle = _connection is not null;
        while (true)
        {
            try
            {
                if (_connection is null)
                {
                    _connection = Open(out _source);
                    if (needsSchema)
                    {
                        CheckSchema(_connection);
                    }
                }

                if (!writes)
                {
                    Execute(_connection, "SELECT 1");
                    return null;
                }

                var transaction = _connection.BeginTransaction();
                Execute(_connection, $"SELECT pg_advisory_xact_lock({WriteLock})");
                return transaction;
            }
            catch (Exception e) when (wasIdle && PostgresFailure.IsExpected(e))
            {
                Close();
                wasIdle = false;
            }
        }
    }

    private void CheckSchema(NpgsqlConnection connection)
    {
        if (ProblemOf(connection, out var id) is { } problem)
        {
            throw new IOException(problem);
        }

        if (Id is { } known && known != id)
        {
            throw new IOException($"the database at {Place} is another one than before");
        }
    }

    private void Close()
    {
        _connection?.Dispose();
        _source?.Dispose();
        (_connection, _source) = (null, null);
    }
}
