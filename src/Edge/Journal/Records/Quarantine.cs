using System.Globalization;
using Edge.Journal.Segments;
using Edge.Storage;

namespace Edge.Journal.Records;

/// <summary>
/// Copies of damaged pages of the log, made before a reader skips them, so that they can be examined later and nothing
/// is skipped silently. Shared by all readers; a page is copied and counted once. Thread safe.
/// </summary>
internal sealed class Quarantine(string directory, SegmentFiles segments, int pageBytes)
{
    public const string DirectoryName = "quarantine";

    private readonly Lock _lock = new();
    private readonly HashSet<long> _pages = [];

    /// <summary>Raised once for each page, with the path of its copy, on the thread of the reader that met the damage.</summary>
    public event Action<string>? Kept;

    /// <summary>Pages copied since the start.</summary>
    public long Pages
    {
        get
        {
            lock (_lock)
            {
                return _pages.Count;
            }
        }
    }

    /// <summary>
    /// Copies the page that holds the address, and returns what the disk has of it; blocks that cannot be read are
    /// zeros. Throws <see cref="DiskException"/> when the copy cannot be written; nothing of the page must then be
    /// skipped.
    /// </summary>
    public byte[] Keep(long address)
    {
        var start = address & -(long)pageBytes;
        string path;
        byte[] page;
        lock (_lock)
        {
            page = ReadReadableBlocks(start);
            if (_pages.Contains(start))
            {
                return page;
            }

            DiskDirectory.CreateDurably(directory);
            path = Path.Combine(directory, "page-" + start.ToString("D20", CultureInfo.InvariantCulture));
            using var file = AtomicFile.Begin(path);
            file.Content.Write(page, 0);
            file.Commit();
            _pages.Add(start);
        }

        Kept?.Invoke(path);
        return page;
    }

    private byte[] ReadReadableBlocks(long start)
    {
        var page = new byte[pageBytes];
        for (var offset = 0; offset < pageBytes; offset += SegmentDevice.BlockBytes)
        {
            var address = start + offset;
            try
            {
                segments.Read(address, page.AsSpan(offset, SegmentDevice.BlockBytes));
            }
            catch (DiskException)
            {
                page.AsSpan(offset, SegmentDevice.BlockBytes).Clear();
            }
        }
        return page;
    }
}
