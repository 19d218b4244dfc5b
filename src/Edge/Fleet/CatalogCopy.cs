using Edge.Storage;
using Edge.Telemetry;

namespace Edge.Fleet;

/// <summary>
/// An edition on disk: on an edge <c>DATA/fleet/catalog</c>, the last good one, with which it starts when its origin is
/// away; on an origin <c>DATA/fleet/held</c>, what most edges have during a rollout. Four bytes of magic, four of CRC-32C
/// (little-endian) over what follows, then the whole document. It is believed for its checksum and not for its
/// signature: it lies in the owner's own directory, and a node must start while the fleet's secret is being changed.
/// </summary>
/// <param name="directory">Where it lies.</param>
/// <param name="fleet">Id of the fleet.</param>
/// <param name="bytesMax">Most bytes of all items that are read.</param>
/// <param name="fileName">Its name there.</param>
internal sealed class CatalogCopy(
    string directory,
    string fleet,
    long bytesMax = EditionDocument.BytesMax,
    string fileName = CatalogCopy.FileName
)
{
    /// <summary>The name of an edge's copy.</summary>
    public const string FileName = "catalog";

    /// <summary>The name of an origin's copy of what is held.</summary>
    public const string HeldFileName = "held";

    /// <summary>Most bytes of what is not an item: both heads, and the ends of the lines.</summary>
    private const int FrameBytesMax = SummedFile.HeaderBytes + EditionDocument.HeadBytesMax + EditionDocument.ItemsMax;

    /// <summary>
    /// This program, as the first line of its copies names it: what it has understood once it understands again.
    /// </summary>
    public static readonly string Software = $"{BuildInfo.Version}+{BuildInfo.Commit}";

    private static readonly byte[] Magic = [.. "EDC1"u8];

    /// <summary>
    /// The edition; null when there is none. Throws <see cref="EditionException"/> when the file is damaged or of another
    /// fleet, <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> when it cannot be read.
    /// </summary>
    public EditionDocument? Read()
    {
        byte[] bytes;
        try
        {
            bytes = DiskFile.ReadWhole(FilePath, bytesMax + FrameBytesMax);
        }
        catch (FileNotFoundException)
        {
            return null;
        }

        if (SummedFile.ContentOf(bytes, Magic) is not { } content)
        {
            throw new EditionException(EditionFault.Damaged, $"does not have its checksum ({FilePath})");
        }

        // Nothing here waits: it is memory.
        return EditionDocument.ReadCopyAsync(content, fleet, bytesMax).GetAwaiter().GetResult();
    }

    /// <summary>Replaces the file; durable when it returns. Throws <see cref="IOException"/>.</summary>
    public void Write(EditionTag tag, CatalogItems items)
    {
        using var stream = new MemoryStream(SummedFile.HeaderBytes + EditionDocument.HeadBytesMax + items.All.Count + (int)items.Bytes);
        stream.Write(stackalloc byte[SummedFile.HeaderBytes]);
        new EditionDocument(tag, null, items.All, []) { Software = Software }.WriteTo(stream, fleet);
        SummedFile.Write(directory, fileName, Magic, stream);
    }

    /// <summary>Moves what cannot be used out of the way, for somebody to look at. Throws <see cref="IOException"/>.</summary>
    public void SetAside() => DiskDirectory.Rename(FilePath, FilePath + ".set-aside");

    private string FilePath => Path.Combine(directory, fileName);
}
