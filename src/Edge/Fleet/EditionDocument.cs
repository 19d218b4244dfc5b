using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Edge.Fleet;

/// <summary>
/// An edition as it is sent and kept: a line that names and signs it, then a line for each item, or for each that has
/// changed since another version. The form is a contract between nodes of different versions: <c>docs/fleet.md</c>.
/// </summary>
/// <param name="Tag">Its version, size, digest and signature.</param>
/// <param name="From">The version it changes; null when it is whole.</param>
/// <param name="Items">All items, or those that have changed or come.</param>
/// <param name="Removed">Names of those that have gone.</param>
internal sealed record EditionDocument(
    EditionTag Tag,
    long? From,
    IReadOnlyList<CatalogItem> Items,
    IReadOnlyList<string> Removed
)
{
    /// <summary>The form that this program writes and reads.</summary>
    public const int Format = 1;

    /// <summary>Longest first line, bytes.</summary>
    public const int HeadBytesMax = 4 << 10;

    /// <summary>Longest line of an item, bytes: a definition has at most 1 MiB, and JSON escapes the rules of the verdict.</summary>
    public const int ItemBytesMax = 4 << 20;

    /// <summary>Most bytes of all items, wherever there is memory for so many.</summary>
    public const long BytesMax = 256L << 20;

    /// <summary>
    /// The part of the memory that the items may have. With what is made of them, and with the edition before, an edge
    /// takes up to seven times their bytes.
    /// </summary>
    private const int MemoryPart = 16;

    /// <summary>Longest line that says that an item is gone, bytes: little more than a name.</summary>
    private const int RemovalBytesMax = 1 << 10;

    /// <summary>Most lines: the files that are read at most, and the keys there may be.</summary>
    public const int ItemsMax = 130_000;

    /// <summary>The program that has understood it, in a copy on disk; null in what is sent.</summary>
    public string? Software { get; init; }

    /// <summary>Most bytes of all items for an edge that may take so much memory.</summary>
    public static long BytesFor(long memory) => Math.Min(memory / MemoryPart, BytesMax);

    /// <summary>Writes the document, inflated.</summary>
    public void WriteTo(Stream stream, string fleet)
    {
        stream.Write(Head(fleet));
        foreach (var item in Items)
        {
            stream.Write(item.Line.Span);
            stream.WriteByte((byte)'\n');
        }

        foreach (var name in Removed)
        {
            stream.Write(RemovalOf(name));
        }
    }

    /// <summary>
    /// Reads a document. Throws <see cref="EditionException"/>; the first line is judged before the second is read, so
    /// nobody without the secret has more of it read, and nobody at all more than was signed. Other failures are those of
    /// the stream.
    /// </summary>
    /// <param name="stream">The document, inflated.</param>
    /// <param name="fleet">Id of the fleet that it must be of.</param>
    /// <param name="bytesMax">Most bytes of all items that are taken.</param>
    /// <param name="isTrusted">Whether its tag may be believed.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static Task<EditionDocument> ReadAsync(
        Stream stream,
        string fleet,
        long bytesMax,
        Func<EditionTag, bool> isTrusted,
        CancellationToken cancellation
    ) => ReadAsync(new LineReader(stream), fleet, bytesMax, isTrusted, cancellation);

    /// <summary>The same of a copy in memory, of which the items become parts.</summary>
    public static Task<EditionDocument> ReadCopyAsync(ReadOnlyMemory<byte> document, string fleet, long bytesMax) =>
        ReadAsync(new LineReader(document), fleet, bytesMax, static _ => true, CancellationToken.None);

    private static async Task<EditionDocument> ReadAsync(
        LineReader lines,
        string fleet,
        long bytesMax,
        Func<EditionTag, bool> isTrusted,
        CancellationToken cancellation
    )
    {
        var head = await lines.ReadAsync(HeadBytesMax, cancellation) ?? throw Damaged("is empty");
        var (tag, from, changes, software) = ReadHead(head, fleet);
        if (!isTrusted(tag))
        {
            throw new EditionException(EditionFault.Foreign, "is not signed with the secret of this fleet");
        }

        if (tag.Items > ItemsMax || tag.Bytes > bytesMax)
        {
            throw new EditionException(EditionFault.TooLarge, Excess(tag, bytesMax));
        }

        var items = new List<CatalogItem>(Math.Min(changes, 1_024));
        var removed = new List<string>();
        var left = tag.Bytes;
        for (var i = 0; i < changes; i++)
        {
            var lineMax = (int)Math.Min(ItemBytesMax, Math.Max(left, RemovalBytesMax));
            var line = await lines.ReadAsync(lineMax, cancellation) ?? throw Damaged($"ends after {i} of {changes} items");
            var name = ItemCodec.NameOf(line.Span, out var isRemoval);
            if (isRemoval)
            {
                removed.Add(line.Length <= RemovalBytesMax ? name : throw Damaged("has a line that is no item"));
                continue;
            }

            left -= line.Length;
            items.Add(left >= 0 ? new CatalogItem(name, line) : throw Damaged("has more bytes than were signed"));
        }

        return await lines.ReadAsync(HeadBytesMax, cancellation) is null
            ? new EditionDocument(tag, from, items, removed) { Software = software }
            : throw Damaged("goes on after its last item");
    }

    private static EditionException Damaged(string reason) => new(EditionFault.Damaged, reason);

    private static string Excess(EditionTag tag, long bytesMax) =>
        tag.Items > ItemsMax
            ? $"has {tag.Items} items, and at most {ItemsMax} are taken"
            : $"has {tag.Bytes} bytes, and at most {bytesMax} are taken"
                + (bytesMax < BytesMax ? $" with the memory there is, of which it may have a part in {MemoryPart}" : "");

    /// <summary>What the first line says; the number is that of the lines that follow.</summary>
    private static (EditionTag Tag, long? From, int Lines, string? Software) ReadHead(
        ReadOnlyMemory<byte> line,
        string fleet
    )
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var head = document.RootElement;
            if (head.GetProperty("format").GetInt32() is not Format and var format)
            {
                throw new EditionException(EditionFault.NotUnderstood, $"has format {format}, and this program reads {Format}");
            }

            if (head.GetProperty("fleet").GetString() != fleet)
            {
                throw new EditionException(EditionFault.Foreign, "is of another fleet (fleet.id)");
            }

            var (digest, signature) = (Hex(head, "digest"), Hex(head, "signature"));
            var (version, count) = (head.GetProperty("version").GetInt64(), head.GetProperty("items").GetInt32());
            var tag = new EditionTag(version, count, head.GetProperty("bytes").GetInt64(), digest, signature);
            if (version is < 1 or > EditionTag.VersionMax)
            {
                throw Damaged($"has version {version}, which is not between 1 and {EditionTag.VersionMax}");
            }

            if (count < 0 || tag.Bytes < 0)
            {
                throw Damaged("has no size");
            }

            if (!head.TryGetProperty("from", out var from))
            {
                return (tag, null, count, head.TryGetProperty("software", out var software) ? software.GetString() : null);
            }

            // Not signed: what was left out or added shows in the digest. More of them than there are items is never sent.
            var changes = head.GetProperty("changes").GetInt32();
            return changes >= 0 && changes <= count
                ? (tag, from.GetInt64(), changes, null)
                : throw Damaged("has more changes than items");
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Damaged("does not begin with the line that names an edition");
        }
    }

    private static string Hex(JsonElement head, string member) =>
        head.GetProperty(member).GetString() is { } text && EditionTag.IsHex(text)
            ? text
            : throw Damaged($"has no {member}");

    private static byte[] RemovalOf(string name)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString(ItemCodec.NameMember, name);
            json.WriteBoolean(ItemCodec.RemovedMember, true);
            json.WriteEndObject();
        }

        return [.. line.WrittenSpan, (byte)'\n'];
    }

    private byte[] Head(string fleet)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            json.WriteString("fleet", fleet);
            json.WriteNumber("version", Tag.Version);
            if (From is { } from)
            {
                json.WriteNumber("from", from);
                json.WriteNumber("changes", Items.Count + Removed.Count);
            }

            json.WriteNumber("items", Tag.Items);
            json.WriteNumber("bytes", Tag.Bytes);
            json.WriteString("digest", Tag.Digest);
            json.WriteString("signature", Tag.Signature);
            if (Software is { } software)
            {
                json.WriteString("software", software);
            }

            json.WriteEndObject();
        }

        return [.. line.WrittenSpan, (byte)'\n'];
    }

    /// <summary>Reads lines that end with a line feed: from a stream each into memory of its own, from memory parts of it.</summary>
    private sealed class LineReader
    {
        private readonly Stream? _stream;
        private readonly byte[] _buffer = [];
        private ReadOnlyMemory<byte> _left;

        public LineReader(Stream stream) => (_stream, _buffer) = (stream, new byte[64 << 10]);

        public LineReader(ReadOnlyMemory<byte> content) => _left = content;

        /// <summary>The next line without its end; null behind the last one.</summary>
        public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(int bytesMax, CancellationToken cancellation)
        {
            byte[] begun = [];
            while (true)
            {
                if (_left.IsEmpty)
                {
                    var count = _stream is null ? 0 : await _stream.ReadAsync(_buffer, cancellation);
                    if (count == 0)
                    {
                        // A plain null would become an empty memory, which is not null.
                        return begun.Length == 0 ? (ReadOnlyMemory<byte>?)null : throw Damaged("ends within a line");
                    }

                    _left = _buffer.AsMemory(0, count);
                }

                var length = _left.Span.IndexOf((byte)'\n');
                var part = length < 0 ? _left : _left[..length];
                if (begun.Length + part.Length > bytesMax)
                {
                    throw Damaged($"has a line of more than {bytesMax.ToString(CultureInfo.InvariantCulture)} bytes");
                }

                _left = _left[(part.Length + (length < 0 ? 0 : 1))..];
                if (_stream is null)
                {
                    return length < 0 ? throw Damaged("ends within a line") : part;
                }

                begun = begun.Length == 0 ? part.ToArray() : [.. begun, .. part.Span];
                if (length >= 0)
                {
                    return begun;
                }
            }
        }
    }
}
