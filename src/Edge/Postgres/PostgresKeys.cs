using System.Text;
using System.Text.Json;
using Edge.Access;
using Npgsql;

namespace Edge.Postgres;

/// <summary>Issued keys in the table <c>edge.keys</c>; of secrets it has the hashes alone. Thread safe.</summary>
internal sealed class PostgresKeys(StoreConnection store) : IKeyStore
{
    /// <summary>Tells other nodes of a change of the keys, in the transaction that makes it.</summary>
    private const string Notify = $"SELECT pg_notify('{StoreConnection.Channel}', 'keys')";

    public IReadOnlyList<ApiKey> Read() => store.Read(ReadAll);

    public string Issue(KeyGrant grant, DateTimeOffset now, string? secret = null)
    {
        var isGiven = secret is not null;
        secret ??= KeySecret.Create(grant.Kind, grant.Environment);
        var key = grant.ToKey(secret, now);
        try
        {
            store.Write(connection => Insert(connection, key));
        }
        catch (PostgresException e) when (isGiven && e.ConstraintName == "keys_hash")
        {
            // Another node that starts with the same first key was faster.
        }

        return secret;
    }

    public int Import(IReadOnlyList<ApiKey> keys) =>
        store.Write(connection =>
        {
            var known = ReadAll(connection).SelectMany(static key => new[] { key.Id, key.Hash }).ToHashSet(StringComparer.Ordinal);
            ApiKey[] unknown = [.. keys.Where(key => !known.Contains(key.Id) && !known.Contains(key.Hash))];
            foreach (var key in unknown)
            {
                Insert(connection, key);
            }

            return unknown.Length;
        });

    public void Withdraw(string secret) =>
        store.Write(connection =>
        {
            StoreConnection.Execute(connection, "DELETE FROM edge.keys WHERE hash = $1", KeySecret.HashOf(secret));
            return StoreConnection.Execute(connection, Notify);
        });

    public bool Revoke(string id, DateTimeOffset now) =>
        store.Write(connection =>
        {
            if (ReadAll(connection).FirstOrDefault(key => key.Id == id) is not { } key)
            {
                return false;
            }

            if (key.RevokedAt is null)
            {
                StoreConnection.Execute(
                    connection,
                    "UPDATE edge.keys SET key = $2::json, change = nextval('edge.changes') WHERE id = $1",
                    id,
                    TextOf(key with { RevokedAt = now })
                );
                StoreConnection.Execute(connection, Notify);
            }

            return true;
        });

    /// <summary>All keys. Throws <see cref="IOException"/> when one of them cannot be used.</summary>
    public static IReadOnlyList<ApiKey> ReadAll(NpgsqlConnection connection)
    {
        try
        {
            ApiKey[] keys =
            [
                .. StoreConnection
                    .Query(connection, "SELECT key::text FROM edge.keys ORDER BY issued")
                    .Select(static row => JsonSerializer.Deserialize(row[0]!, KeyJson.Default.ApiKey)!),
            ];
            return KeyFile.ProblemOf(keys) is { } problem ? throw new IOException($"the table edge.keys {problem}") : keys;
        }
        catch (JsonException e)
        {
            throw new IOException($"the table edge.keys has a key that is none: {e.Message}", e);
        }
    }

    private static int Insert(NpgsqlConnection connection, ApiKey key)
    {
        StoreConnection.Execute(
            connection,
            "INSERT INTO edge.keys (id, hash, change, key) VALUES ($1, $2, nextval('edge.changes'), $3::json)",
            key.Id,
            key.Hash,
            TextOf(key)
        );
        return StoreConnection.Execute(connection, Notify);
    }

    private static string TextOf(ApiKey key) =>
        Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(key, KeyJson.Default.ApiKey));
}
