using System.Security.Cryptography;
using System.Text.Json;
using Edge.Formats;
using Edge.Storage;

namespace Edge.Access;

/// <summary>A link to the results of one experiment. Holds no secret. Immutable; stored as is.</summary>
internal sealed record Share
{
    /// <summary>What it is revoked by, and what its token carries.</summary>
    public required string Id { get; init; }

    /// <summary>The experiment.</summary>
    public required string Uid { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Id of the key that made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>Until when it opens.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>The content of <c>shares.json</c>.</summary>
internal sealed record ShareList(IReadOnlyList<Share> Shares);

/// <summary>
/// The shares that are neither revoked nor expired, <c>DATA/shares.json</c>, replaced as a whole with each change and
/// held in memory. One that is not in it opens nothing: a file that is damaged is set aside, and no link works that was
/// made before. Thread safe.
/// </summary>
internal sealed class ShareTable
{
    /// <summary>Name within the data directory.</summary>
    public const string Name = "shares.json";

    /// <summary>Name of the copy of a file that could not be used; replaces an earlier copy.</summary>
    public const string SetAsideName = "shares.json.set-aside";

    /// <summary>Most shares of one experiment.</summary>
    public const int SharesOfExperimentMax = 100;

    /// <summary>Most shares of all experiments.</summary>
    public const int SharesMax = 10_000;

    private const int IdBytes = 8;

    /// <summary>Largest file that is read, bytes.</summary>
    private const long FileMaxBytes = 16 << 20;

    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private Dictionary<string, Share> _shares;

    private ShareTable(string directory, TimeProvider time, Dictionary<string, Share> shares)
    {
        _directory = directory;
        _time = time;
        _shares = shares;
    }

    /// <summary>
    /// Reads the file, if there is one. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> on
    /// a disk error.
    /// </summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="time">The clock.</param>
    /// <param name="report">Called with the reason when the file is damaged.</param>
    public static ShareTable Open(string directory, TimeProvider time, Action<string> report)
    {
        try
        {
            return new ShareTable(directory, time, Read(directory));
        }
        catch (InvalidDataException e)
        {
            DiskDirectory.Rename(Path.Combine(directory, Name), Path.Combine(directory, SetAsideName));
            report(e.Message);
            return new ShareTable(directory, time, []);
        }
    }

    /// <summary>
    /// What is wrong with the stored file, and whether the service would not start with it; null when nothing is, or
    /// there is none. Changes nothing.
    /// </summary>
    public static (bool IsFatal, string Message)? Problem(string directory)
    {
        try
        {
            Read(directory);
            return null;
        }
        catch (InvalidDataException e)
        {
            return (false, $"is damaged, so no shared link works: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (true, e.Message);
        }
    }

    /// <summary>The share with this id; null when there is none, or it has expired.</summary>
    public Share? Find(string id)
    {
        lock (_lock)
        {
            return _shares.GetValueOrDefault(id) is { } share && share.ExpiresAt > _time.GetUtcNow() ? share : null;
        }
    }

    /// <summary>The shares of an experiment, newest first.</summary>
    public IReadOnlyList<Share> Of(string uid)
    {
        lock (_lock)
        {
            return [.. Valid().Where(share => share.Uid == uid).OrderByDescending(static share => share.CreatedAt)];
        }
    }

    /// <summary>
    /// Makes a share, which is on disk when this returns; null when there are as many as there may be. Throws
    /// <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> on a disk error; nothing has changed then.
    /// </summary>
    public Share? Create(string uid, string createdBy, DateTimeOffset expiresAt)
    {
        lock (_lock)
        {
            var valid = Valid();
            if (valid.Count >= SharesMax || valid.Count(share => share.Uid == uid) >= SharesOfExperimentMax)
            {
                return null;
            }

            var share = new Share
            {
                Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)),
                Uid = uid,
                CreatedAt = _time.GetUtcNow(),
                CreatedBy = createdBy,
                ExpiresAt = expiresAt,
            };
            Replace([.. valid, share]);
            return share;
        }
    }

    /// <summary>
    /// Ends a share of an experiment, durably; false when it has none of this id. Throws as <see cref="Create"/> does.
    /// </summary>
    public bool Revoke(string uid, string id)
    {
        lock (_lock)
        {
            var valid = Valid();
            if (valid.RemoveAll(share => share.Uid == uid && share.Id == id) == 0)
            {
                return false;
            }

            Replace(valid);
            return true;
        }
    }

    private static Dictionary<string, Share> Read(string directory)
    {
        ReadOnlyMemory<byte> bytes;
        try
        {
            bytes = JsonProblem.WithoutMark(DiskFile.ReadWhole(Path.Combine(directory, Name), FileMaxBytes));
        }
        catch (FileNotFoundException)
        {
            return [];
        }

        try
        {
            var shares = JsonSerializer.Deserialize(bytes.Span, KeyJson.Default.ShareList)?.Shares;
            return shares?.ToDictionary(static share => share?.Id ?? throw new InvalidDataException("a share is null"))
                ?? throw new InvalidDataException("it has no list of shares");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("it " + JsonProblem.Describe(e, bytes.Span), e);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException("two shares have the same id", e);
        }
    }

    // The caller of these two holds the lock.
    private List<Share> Valid()
    {
        var now = _time.GetUtcNow();
        return [.. _shares.Values.Where(share => share.ExpiresAt > now)];
    }

    private void Replace(IReadOnlyList<Share> shares)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(new ShareList(shares), KeyJson.Readable.ShareList);
        AtomicFile.Write(_directory, Name, [.. bytes, (byte)'\n'], DiskFile.OwnerOnly);
        _shares = shares.ToDictionary(static share => share.Id);
    }
}
