using System.Globalization;
using Edge.Storage;

namespace Edge.Journal.Segments;

/// <summary>
/// The segment files of the log: equal in length, fully allocated before they get their name, so that writing into one
/// cannot run out of space and a short one is always damage. One handle per segment that is written; older ones are
/// opened for each read. Thread safe.
/// </summary>
internal sealed partial class SegmentFiles(string directory, int segmentBytes) : IDisposable
{
    /// <summary>What the names of segment files match.</summary>
    public const string Pattern = Prefix + "*";

    private const string Prefix = "segment-";

    private readonly Lock _lock = new();
    private readonly SortedSet<int> _present = [];
    private readonly Dictionary<int, DiskFile> _open = [];

    public int SegmentBytes => segmentBytes;

    /// <summary>How many segment files there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _present.Count;
            }
        }
    }

    /// <summary>
    /// Reads which segments the directory holds, and removes the file of an interrupted allocation; not beside a
    /// running service, whose allocation may be under way.
    /// </summary>
    public void Load(bool removesUnfinished = true)
    {
        lock (_lock)
        {
            _present.Clear();
            foreach (var path in Directory.EnumerateFiles(directory, Pattern))
            {
                var name = Path.GetFileName(path.AsSpan())[Prefix.Length..];
                if (name.EndsWith(AtomicFile.NewSuffix, StringComparison.Ordinal))
                {
                    if (removesUnfinished)
                    {
                        DiskDirectory.Remove(path);
                    }
                }
                else if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var segment))
                {
                    _present.Add(segment);
                }
            }
        }
    }

    /// <summary>The segment that holds the address.</summary>
    public int Of(long address) => (int)(address / segmentBytes);

    /// <summary>First address after the segment that holds the address.</summary>
    public long EndOf(long address) => (address / segmentBytes + 1) * segmentBytes;

    public string PathOf(int segment) =>
        Path.Combine(directory, Prefix + segment.ToString("D10", CultureInfo.InvariantCulture));

    public bool Contains(int segment)
    {
        lock (_lock)
        {
            return _present.Contains(segment);
        }
    }

    public int[] Present()
    {
        lock (_lock)
        {
            return [.. _present];
        }
    }

    /// <summary>First address, from <paramref name="address"/> on, whose segment does not exist.</summary>
    public long AllocatedUntil(long address)
    {
        lock (_lock)
        {
            var segment = Of(address);
            while (_present.Contains(segment))
            {
                segment++;
            }

            return (long)segment * segmentBytes;
        }
    }

    /// <summary>Why a segment cannot be used; null when it is complete.</summary>
    public string? Problem(int segment)
    {
        if (!Contains(segment))
        {
            return "is missing";
        }

        var length = new FileInfo(PathOf(segment)).Length;
        return length == segmentBytes ? null : $"has {length} bytes instead of {segmentBytes}";
    }

    /// <summary>Removes a segment without committed records.</summary>
    public void Discard(int segment)
    {
        DiskDirectory.Remove(PathOf(segment));
        lock (_lock)
        {
            _present.Remove(segment);
        }
    }

    /// <summary>
    /// Creates a segment with all its blocks; durable on return, and open, so that no later write into it can fail for
    /// want of a descriptor. An existing one stays as it is.
    /// </summary>
    public void Allocate(int segment)
    {
        if (Contains(segment))
        {
            return;
        }

        using var file = AtomicFile.Begin(PathOf(segment));
        file.Content.Allocate(segmentBytes);
        file.Commit();
        _ = Writable(segment);
        lock (_lock)
        {
            _present.Add(segment);
        }
    }

    /// <summary>The handle used for writing a segment; stays open until <see cref="CloseBelow"/>.</summary>
    public DiskFile Writable(int segment)
    {
        lock (_lock)
        {
            if (!_open.TryGetValue(segment, out var file))
            {
                _open.Add(segment, file = DiskFile.Open(PathOf(segment)));
            }

            return file;
        }
    }

    /// <summary>
    /// Fills the buffer from an address, within one segment. A segment that is missing or too short is an error.
    /// </summary>
    public void Read(long address, Span<byte> buffer) => Read(Of(address), address % segmentBytes, buffer);

    /// <summary>
    /// Fills the buffer from an offset in a segment. A segment that is missing or too short is an error.
    /// </summary>
    public void Read(int segment, long offset, Span<byte> buffer)
    {
        DiskFile? open;
        lock (_lock)
        {
            _open.TryGetValue(segment, out open);
        }

        if (open is not null)
        {
            open.ReadExactly(buffer, offset);
            return;
        }
        using var file = DiskFile.OpenRead(PathOf(segment));
        file.ReadExactly(buffer, offset);
    }

    /// <summary>Closes the handles of segments that will not be written again.</summary>
    public void CloseBelow(int segment)
    {
        lock (_lock)
        {
            foreach (var id in _open.Keys.Where(id => id < segment).ToArray())
            {
                _open[id].Dispose();
                _open.Remove(id);
            }
        }
    }

    /// <summary>
    /// Removes every segment that ends at or before the address; only after a durable commit has a later begin.
    /// </summary>
    public int RemoveBelow(long begin)
    {
        var removed = 0;
        foreach (var segment in Present())
        {
            if ((segment + 1L) * segmentBytes > begin)
            {
                break;
            }

            lock (_lock)
            {
                if (_open.Remove(segment, out var file))
                {
                    file.Dispose();
                }
            }
            ReachKillPoint("before-unlink");
            DiskDirectory.Remove(PathOf(segment));
            lock (_lock)
            {
                _present.Remove(segment);
            }

            removed++;
        }
        return removed;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var file in _open.Values)
            {
                file.Dispose();
            }

            _open.Clear();
        }
    }

    static partial void ReachKillPoint(string name);
}
