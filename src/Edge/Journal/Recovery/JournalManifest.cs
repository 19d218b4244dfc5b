using System.Buffers.Binary;
using System.Security.Cryptography;
using Edge.Storage;

namespace Edge.Journal.Recovery;

/// <summary>
/// The fixed properties of a journal: its identity and the sizes every address depends on. Written once, as the last
/// file of a new journal, so a journal without a manifest has never taken a record. Layout in docs/journal-format.md.
/// </summary>
/// <param name="EpochId">128 random bits, so that records, cursors and batch ids of another journal are
/// recognised.</param>
/// <param name="PageBytes">Page of the log.</param>
/// <param name="SegmentBytes">Length of every segment file.</param>
/// <param name="CreatedAtMs">Unix milliseconds of its creation; informative only.</param>
internal sealed record JournalManifest(UInt128 EpochId, int PageBytes, int SegmentBytes, long CreatedAtMs)
{
    public const string FileName = "manifest";
    public const int FileBytes = 64;

    private const ulong Magic = 0x464E_414D_4547_4445; // "EDGEMANF"
    private const ushort Version = 1;
    private const int VersionOffset = 8;
    private const int PageOffset = 12;
    private const int SegmentOffset = 16;
    private const int CreatedOffset = 24;
    private const int EpochIdOffset = 32;
    private const int ChecksumOffset = FileBytes - sizeof(uint);

    /// <summary>The part of the identity that every record carries.</summary>
    public ulong Epoch => (ulong)(EpochId >> 64);

    public static JournalManifest New(JournalOptions options, TimeProvider time)
    {
        Span<byte> random = stackalloc byte[16];
        RandomNumberGenerator.Fill(random);
        return new JournalManifest(
            BinaryPrimitives.ReadUInt128BigEndian(random),
            options.PageBytes,
            options.SegmentBytes,
            time.GetUtcNow().ToUnixTimeMilliseconds()
        );
    }

    /// <summary>Writes the file: complete and durable, or not at all.</summary>
    public void Write(string path)
    {
        using var file = AtomicFile.Begin(path);
        file.Content.Write(Encode(), 0);
        file.Commit();
    }

    /// <summary>Page of the journal in a directory; null when there is none, or its manifest cannot be read.</summary>
    public static int? PageBytesIn(string directory)
    {
        var path = Path.Combine(directory, FileName);
        try
        {
            return File.Exists(path) ? Read(path).PageBytes : null;
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            // Whoever opens the journal says what is wrong.
            return null;
        }
    }

    /// <summary>Reads and checks the file.</summary>
    public static JournalManifest Read(string path)
    {
        using var file = DiskFile.OpenRead(path);
        var bytes = new byte[FileBytes];
        if (file.Length != FileBytes)
        {
            throw Damaged(path);
        }

        file.ReadExactly(bytes, 0);
        return TryDecode(bytes) ?? throw Damaged(path);
    }

    public byte[] Encode()
    {
        var bytes = new byte[FileBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(VersionOffset), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(PageOffset), PageBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(SegmentOffset), SegmentBytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(CreatedOffset), CreatedAtMs);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(EpochIdOffset), EpochId);
        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes.AsSpan(ChecksumOffset),
            Crc32C.Compute(bytes.AsSpan(0, ChecksumOffset))
        );
        return bytes;
    }

    /// <summary>Null when the bytes are damaged or of a later version.</summary>
    public static JournalManifest? TryDecode(ReadOnlySpan<byte> bytes)
    {
        if (
            bytes.Length != FileBytes
            || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt16LittleEndian(bytes[VersionOffset..]) != Version
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumOffset..])
                != Crc32C.Compute(bytes[..ChecksumOffset])
        )
        {
            return null;
        }

        return new JournalManifest(
            BinaryPrimitives.ReadUInt128BigEndian(bytes[EpochIdOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[PageOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[SegmentOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[CreatedOffset..])
        );
    }

    private static JournalException Damaged(string path) =>
        new(
            $"{path} is damaged or of a later version: restore it from a backup of this journal, or move the whole journal"
                + " directory away to start empty (what was not forwarded is then given up)"
        );
}
