using System.Text.Json;
using Edge.Storage;

namespace Edge.Audit;

/// <summary>
/// The record of changes, <c>DATA/audit.ndjson</c>: one JSON object a line, durable when an append returns, mode 0600.
/// Service and commands append to it, one process at a time. A full file becomes <c>audit.ndjson.1</c>, and the one
/// before it goes. Thread safe. Failures are <see cref="IOException"/>.
/// </summary>
internal sealed class AuditLog(string dataDir) : IAuditLog
{
    /// <summary>Name within the data directory.</summary>
    public const string Name = "audit.ndjson";

    /// <summary>Size at which a file is full, bytes: tens of thousands of changes.</summary>
    private const long FileMaxBytes = 4 << 20;

    private const string OlderSuffix = ".1";
    private const int LockAttempts = 100;
    private const int LockPauseMs = 20;

    private readonly string _path = Path.Combine(dataDir, Name);

    public void Append(AuditEntry entry)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(entry, AuditJson.Default.AuditEntry), (byte)'\n'];
        while (true)
        {
            using var file = DiskFile.OpenOrCreate(_path);
            if (!file.TryLock(LockAttempts, LockPauseMs))
            {
                throw new IOException($"{_path} is locked by another process");
            }

            // Another process may have put the file aside between the opening and the lock.
            if (!file.IsAt(_path))
            {
                continue;
            }

            if (file.Length > FileMaxBytes)
            {
                DiskDirectory.Rename(_path, _path + OlderSuffix);
                DiskDirectory.Sync(dataDir);
                continue;
            }

            file.Write(EndsInLine(file) ? line : [(byte)'\n', .. line], file.Length);
            file.SyncData();
            return;
        }
    }

    /// <summary>Likewise. Lines that are damaged are left out.</summary>
    public IReadOnlyList<AuditEntry> ReadNewest(int count, string? team)
    {
        var newest = new List<AuditEntry>();
        foreach (var path in new[] { _path, _path + OlderSuffix })
        {
            var bytes = Read(path);
            for (var end = bytes.Length; end > 0 && newest.Count < count;)
            {
                var start = bytes.AsSpan(0, end).LastIndexOf((byte)'\n') + 1;
                if (Parse(bytes.AsSpan(start, end - start)) is { } entry && entry.Team == team)
                {
                    newest.Add(entry);
                }

                end = start - 1;
            }
        }

        return newest;
    }

    /// <summary>A power cut may have left half a line.</summary>
    private static bool EndsInLine(DiskFile file)
    {
        if (file.Length == 0)
        {
            return true;
        }

        Span<byte> last = stackalloc byte[1];
        file.ReadExactly(last, file.Length - 1);
        return last[0] == (byte)'\n';
    }

    private static byte[] Read(string path)
    {
        try
        {
            return DiskFile.ReadWhole(path, 2 * FileMaxBytes);
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    private static AuditEntry? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return line.IsEmpty ? null : JsonSerializer.Deserialize(line, AuditJson.Default.AuditEntry);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
