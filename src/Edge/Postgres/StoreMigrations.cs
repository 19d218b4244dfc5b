using System.Globalization;
using Npgsql;

namespace Edge.Postgres;

/// <summary>
/// The schema <c>edge</c> of the store, as a sequence of migrations that are never edited once released. Which one is the
/// newest that was applied stands in the table <c>schema_version</c>.
/// </summary>
internal static class StoreMigrations
{
    /// <summary>
    /// Each is applied in one transaction, in order. Every write takes the next value of <c>changes</c> under a lock (see
    /// <see cref="StoreConnection.WriteLock"/>), so whoever has seen a value has seen all before it. Definitions are
    /// <c>json</c> and not <c>jsonb</c>, which would not keep them as they were written.
    /// </summary>
    private static readonly string[] All =
    [
        """
            CREATE TABLE edge.store (id text NOT NULL);
            INSERT INTO edge.store VALUES (md5(random()::text || clock_timestamp()::text));
            CREATE SEQUENCE edge.changes;
            CREATE TABLE edge.experiments (
                uid text PRIMARY KEY,
                slug text NOT NULL,
                status text NOT NULL,
                team text,
                revision bigint NOT NULL,
                change bigint NOT NULL UNIQUE,
                definition json NOT NULL
            );
            CREATE UNIQUE INDEX experiments_slug ON edge.experiments (slug) WHERE status <> 'archived';
            CREATE TABLE edge.keys (
                id text PRIMARY KEY,
                hash text NOT NULL CONSTRAINT keys_hash UNIQUE,
                change bigint NOT NULL,
                issued bigint GENERATED ALWAYS AS IDENTITY,
                key json NOT NULL
            );
            CREATE TABLE edge.audit (
                number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                team text,
                entry json NOT NULL
            );
            CREATE INDEX audit_team ON edge.audit (team, number);
            """,
    ];

    /// <summary>The version this program reads and writes.</summary>
    public static int Current => All.Length;

    /// <summary>What keeps this program from using a schema; null when nothing does.</summary>
    /// <param name="version">The version that is there; 0 for none.</param>
    /// <param name="place">Where the server is.</param>
    public static string? Problem(int version, string place) =>
        version == Current ? null
        : version == 0 ? $"the store at {place} has no schema edge; edge store migrate creates it"
        : version < Current
            ? $"the schema edge of the store at {place} is of version {version}, and this program needs {Current}; edge store migrate brings it there"
        : $"the schema edge of the store at {place} is of version {version}, newer than the {Current} that this program knows; use the newer program";

    /// <summary>The version of the schema; 0 when there is none.</summary>
    public static int VersionOf(NpgsqlConnection connection) =>
        StoreConnection.Query(connection, "SELECT coalesce(to_regclass('edge.schema_version')::text, '')") is [[""]]
            ? 0
            : int.Parse(
                StoreConnection.Query(connection, "SELECT coalesce(max(version), 0)::text FROM edge.schema_version")[0][0]!,
                CultureInfo.InvariantCulture
            );

    /// <summary>
    /// Applies what is missing, one process at a time, and returns the version before and after. Throws
    /// <see cref="StoreUnavailableException"/>.
    /// </summary>
    public static (int From, int To) Apply(StoreConnection store)
    {
        var from = -1;
        while (true)
        {
            // The lock is that of the transaction, so that nothing is left behind when the connection breaks.
            var (before, after) = store.Write(
                connection =>
                {
                    var version = VersionOf(connection);
                    if (version >= Current)
                    {
                        return (version, version);
                    }

                    if (version == 0)
                    {
                        // An operator who gives the user no right to make schemas has made this one.
                        if (StoreConnection.Query(connection, "SELECT 1::text WHERE to_regnamespace('edge') IS NULL") is [_])
                        {
                            StoreConnection.Execute(connection, "CREATE SCHEMA edge");
                        }

                        StoreConnection.Execute(
                            connection,
                            "CREATE TABLE IF NOT EXISTS edge.schema_version (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
                        );
                    }

                    StoreConnection.Execute(connection, All[version]);
                    StoreConnection.Execute(
                        connection,
                        "INSERT INTO edge.schema_version (version) VALUES ($1::int)",
                        (version + 1).ToString(CultureInfo.InvariantCulture)
                    );
                    return (version, version + 1);
                },
                needsSchema: false
            );
            from = from < 0 ? before : from;
            if (after >= Current)
            {
                return (from, Math.Min(after, Current));
            }
        }
    }
}
