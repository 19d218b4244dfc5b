using System.Text.Json;
using Edge.Formats;
using Edge.Storage;

namespace Edge.Access;

/// <summary>
/// The file of issued keys, replaced atomically by one process at a time: the command line may issue a key while the
/// service runs. Throws <see cref="IOException"/> with a one-line message when the file cannot be read or is not a list
/// of keys, because continuing without it would lock every client out.
/// </summary>
internal sealed class KeyFile(string path) : IKeyStore
{
    private const string LockSuffix = ".lock";
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(5);

    /// <summary>Maximum number of keys; all are held in memory.</summary>
    public const int KeysMax = 100_000;

    /// <summary>Largest file that is read, bytes.</summary>
    private const long BytesMax = 256L << 20;

    public string Path => path;

    /// <summary>Reads all keys; none when there is no file yet.</summary>
    public IReadOnlyList<ApiKey> Read()
    {
        ReadOnlyMemory<byte> bytes;
        try
        {
            bytes = JsonProblem.WithoutMark(DiskFile.ReadWhole(path, BytesMax));
        }
        catch (FileNotFoundException)
        {
            return [];
        }

        try
        {
            var keys = JsonSerializer.Deserialize(bytes.Span, KeyJson.Default.KeyList)?.Keys;
            return ProblemOf(keys) is { } problem
                ? throw new IOException($"the key file '{path}' {problem}; restore it from a backup")
                : keys!;
        }
        catch (JsonException e)
        {
            throw new IOException(
                $"the key file '{path}' {JsonProblem.Describe(e, bytes.Span)}; restore it from a backup",
                e
            );
        }
    }

    public string Issue(KeyGrant grant, DateTimeOffset now, string? secret = null)
    {
        secret ??= KeySecret.Create(grant.Kind, grant.Environment);
        var key = grant.ToKey(secret, now);
        Change(keys => [.. keys, key]);
        return secret;
    }

    public void Withdraw(string secret)
    {
        var hash = KeySecret.HashOf(secret);
        Change(keys => [.. keys.Where(key => key.Hash != hash)]);
    }

    public bool Revoke(string id, DateTimeOffset now)
    {
        var isFound = false;
        Change(keys =>
        {
            isFound = keys.Any(key => key.Id == id);
            return [.. keys.Select(key => key.Id == id && key.RevokedAt is null ? key with { RevokedAt = now } : key)];
        });
        return isFound;
    }

    public int Import(IReadOnlyList<ApiKey> keys)
    {
        var added = 0;
        Change(present =>
        {
            var known = present.SelectMany(static key => new[] { key.Id, key.Hash }).ToHashSet(StringComparer.Ordinal);
            ApiKey[] unknown = [.. keys.Where(key => !known.Contains(key.Id) && !known.Contains(key.Hash))];
            added = unknown.Length;
            return [.. present, .. unknown];
        });
        return added;
    }

    /// <summary>What is wrong with what was read; null when every key can be used.</summary>
    public static string? ProblemOf(IReadOnlyList<ApiKey>? keys)
    {
        if (keys is null)
        {
            return "has no list of keys";
        }

        if (keys.Count > KeysMax)
        {
            return $"has more than {KeysMax} keys";
        }

        var ids = new HashSet<string>(StringComparer.Ordinal);
        Span<byte> hash = stackalloc byte[KeySecret.HashBytes];
        for (var i = 0; i < keys.Count; i++)
        {
            var problem =
                keys[i] is not { } key ? "is null"
                : key.Id.Length == 0 ? "has no id"
                : !ids.Add(key.Id) ? "has the id of another"
                : !KeySecret.TryReadHash(key.Hash, hash) ? "has no valid hash"
                : key.Scopes.Any(static scope => scope is null) || key.Origins.Any(static origin => origin is null)
                    ? "has a scope or an origin that is null"
                : null;
            if (problem is not null)
            {
                return $"is damaged: key {i + 1} ('{keys[i]?.Id}') {problem}";
            }
        }

        return null;
    }

    private void Change(Func<IReadOnlyList<ApiKey>, IReadOnlyList<ApiKey>> change)
    {
        var directory = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        SecretDirectory.CreateDataDir(directory);
        using var changing = Lock();
        var bytes = JsonSerializer.SerializeToUtf8Bytes(new KeyList(change(Read())), KeyJson.Readable.KeyList);
        AtomicFile.Write(directory, System.IO.Path.GetFileName(path), [.. bytes, (byte)'\n'], DiskFile.OwnerOnly);
    }

    /// <summary>
    /// Takes the lock that is held while the list is read, changed and written; also released when the process ends.
    /// </summary>
    private FileStream Lock()
    {
        for (var waited = TimeSpan.Zero; ; waited += TimeSpan.FromMilliseconds(20))
        {
            try
            {
                return new FileStream(
                    path + LockSuffix,
                    new FileStreamOptions
                    {
                        Mode = FileMode.OpenOrCreate,
                        Access = FileAccess.ReadWrite,
                        Share = FileShare.None,
                        UnixCreateMode = DiskFile.OwnerOnly,
                    }
                );
            }
            catch (IOException)
                when (waited < LockPatience
                    && Directory.Exists(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)))
                )
            {
                Thread.Sleep(20);
            }
        }
    }
}

/// <summary>
/// The properties of a key to be issued; the members have the same meaning as in <see cref="ApiKey"/>.
/// </summary>
internal sealed record KeyGrant(KeyKind Kind)
{
    public string? Project { get; init; }
    public string? Organization { get; init; }
    public string? Environment { get; init; }
    public IReadOnlyList<string> Scopes { get; init; } = [];
    public IReadOnlyList<string> Origins { get; init; } = [];
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The key that is stored for a secret.</summary>
    public ApiKey ToKey(string secret, DateTimeOffset now) =>
        new()
        {
            Id = KeySecret.CreateId(),
            Kind = Kind,
            Project = Project,
            Organization = Organization,
            Environment = Environment,
            Scopes = Scopes,
            Origins = Origins,
            ExpiresAt = ExpiresAt,
            Hash = KeySecret.HashOf(secret),
            Hint = KeySecret.HintOf(secret),
            CreatedAt = now,
        };
}
