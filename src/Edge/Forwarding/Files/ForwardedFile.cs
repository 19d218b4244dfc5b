using System.Buffers;
using Edge.Journal;
using Edge.Storage;

namespace Edge.Forwarding.Files;

/// <summary>
/// One file of the file sink, open for appending at a known length. Bytes beyond that length were written before a
/// crash or a failed write, and their events will be delivered again: as long as they equal what is appended they are
/// kept, and at the first difference the file is truncated there. So a reader that follows the file never sees it
/// shrink after a kill, a torn line is completed in place, and a damaged tail is replaced. One thread at a time.
/// Failures are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
/// </summary>
internal sealed class ForwardedFile : IDisposable
{
    private const int CompareBufferBytes = 64 << 10;

    /// <summary>
    /// Written at once. The kernel copies it without a break, in about 100 us; a batch is ten times as long, for which
    /// requests on the same core would wait.
    /// </summary>
    private const int PieceBytes = 128 << 10;

    // The owner writes and its group reads; nobody else may read what visitors did.
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private readonly DiskFile _disk;

    private ForwardedFile(DiskFile disk, ForwardedFileName name)
    {
        _disk = disk;
        Name = name;
    }

    public ForwardedFileName Name { get; }

    /// <summary>Bytes taken: written by <see cref="Append"/> or equal to what it was given.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes beyond <see cref="Length"/> that have not been compared yet.</summary>
    public long LeftoverBytes { get; private set; }

    /// <summary>Creates the file; a file of that name must not exist.</summary>
    public static ForwardedFile Create(string directory, ForwardedFileName name)
    {
        var path = Path.Combine(directory, name.ToString());
        var file = new ForwardedFile(DiskFile.CreateNew(path), name);
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, Mode);
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a file that exists and is at least <paramref name="length"/> bytes long. Bytes beyond are compared when
    /// <paramref name="keepsLeftover"/> is set and truncated otherwise.
    /// </summary>
    public static ForwardedFile OpenAt(string directory, ForwardedFileName name, long length, bool keepsLeftover)
    {
        var file = new ForwardedFile(DiskFile.Open(Path.Combine(directory, name.ToString())), name);
        try
        {
            file.Length = length;
            file.LeftoverBytes = file._disk.Length - length;
            if (!keepsLeftover)
            {
                file.CutLeftover();
            }

            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// False when somebody removed, renamed or truncated the file while it was open: appended bytes would then not be
    /// found under its name, or would follow a hole.
    /// </summary>
    public bool IsIntact() => _disk.Length >= Length && File.Exists(_disk.Path);

    /// <summary>
    /// Appends complete lines. After an exception it is unknown how many of the bytes are in the file.
    /// </summary>
    public void Append(ReadOnlySpan<byte> lines)
    {
        if (LeftoverBytes > 0)
        {
            lines = lines[TakeEqualLeftover(lines)..];
        }

        var at = Length;
        while (lines.Length > 0)
        {
            var piece = lines[..Math.Min(lines.Length, PieceBytes)];
            _disk.Write(piece, at);
            at += piece.Length;
            lines = lines[piece.Length..];
            CooperativeYield.AfterPiece();
        }

        Length = at;
    }

    /// <summary>
    /// Returns when everything taken is on the disk. After an exception the kernel may have dropped the bytes and still
    /// show them to readers, so they must be written again, not compared.
    /// </summary>
    public void Flush() => _disk.SyncData();

    public void Dispose() => _disk.Dispose();

    /// <summary>How many of the bytes are already in the file; advances <see cref="Length"/> past them.</summary>
    private int TakeEqualLeftover(ReadOnlySpan<byte> lines)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(CompareBufferBytes);
        var taken = 0;
        while (LeftoverBytes > 0 && taken < lines.Length)
        {
            var wanted = (int)Math.Min(Math.Min(LeftoverBytes, lines.Length - taken), buffer.Length);
            _disk.ReadExactly(buffer.AsSpan(0, wanted), Length);
            var equal = lines.Slice(taken, wanted).CommonPrefixLength(buffer.AsSpan(0, wanted));
            taken += equal;
            Length += equal;
            LeftoverBytes -= equal;
            if (equal < wanted)
            {
                CutLeftover();
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return taken;
    }

    private void CutLeftover()
    {
        if (LeftoverBytes > 0)
        {
            ForwardedDirectory.Cut(_disk.Path, Length);
        }

        LeftoverBytes = 0;
    }
}
