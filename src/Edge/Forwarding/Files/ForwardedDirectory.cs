using Edge.Storage;

namespace Edge.Forwarding.Files;

/// <summary>
/// Directory operations of the file sink. Failures are <see cref="IOException"/> or <see
/// cref="UnauthorizedAccessException"/>.
/// </summary>
internal static class ForwardedDirectory
{
    private const int TailBlockBytes = 64 << 10;
    private const byte LineFeed = (byte)'\n';

    /// <summary>The sink's files with a number above <paramref name="afterNumber"/>, oldest first.</summary>
    public static List<ForwardedFileName> List(string directory, long afterNumber)
    {
        var names = new List<ForwardedFileName>();
        foreach (var path in Directory.EnumerateFiles(directory, ForwardedFileName.SearchPattern))
        {
            if (ForwardedFileName.TryParse(Path.GetFileName(path), out var name) && name.Number > afterNumber)
            {
                names.Add(name);
            }
        }

        names.Sort(static (left, right) => left.Number.CompareTo(right.Number));
        return names;
    }

    /// <summary>Bytes of the file; -1 when there is none.</summary>
    public static long LengthOf(string directory, ForwardedFileName name)
    {
        var file = new FileInfo(Path.Combine(directory, name.ToString()));
        return file.Exists ? file.Length : -1;
    }

    /// <summary>Truncates the file.</summary>
    public static void Cut(string path, long length)
    {
        const FileShare AllSharing = FileShare.ReadWrite | FileShare.Delete;
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write, AllSharing);
        RandomAccess.SetLength(handle, length);
    }

    /// <summary>Truncates the file after its last line feed; durable on return.</summary>
    public static void CutTornLine(string directory, ForwardedFileName name)
    {
        using var file = DiskFile.Open(Path.Combine(directory, name.ToString()));
        var length = file.Length;
        var keep = LineEndBefore(file, length);
        if (keep < length)
        {
            Cut(file.Path, keep);
            file.SyncAll();
        }
    }

    private static long LineEndBefore(DiskFile file, long end)
    {
        var block = new byte[Math.Min(TailBlockBytes, end)];
        while (end > 0)
        {
            var start = Math.Max(0, end - block.Length);
            var tail = block.AsSpan(0, (int)(end - start));
            file.ReadExactly(tail, start);
            var lineFeed = tail.LastIndexOf(LineFeed);
            if (lineFeed >= 0)
            {
                return start + lineFeed + 1;
            }

            end = start;
        }

        return 0;
    }
}
