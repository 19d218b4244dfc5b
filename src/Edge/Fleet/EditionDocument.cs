using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Edge.Fleet;

/// <summary>
/// An edition as it is sent and kept: a line that names and signs it, then a line for each item, or for each that has
/// changed since another version. The form is a contract between nodes of different versions: <c>docs/fleet.md</c>.
/// </summary>
/// <param name="Tag">Its version, digest and signature.</param>
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

    /// <summary>Most bytes of a whole document, inflated.</summary>
    public const long BytesMax = 256L << 20;

    /// <summary>Most lines: the files that are read at most, and the keys there may be.</summary>
    public const int ItemsMax = 130_000;

    /// <summary>Writes the document, inflated.</summary>
    public void WriteTo(Stream stream, string fleet)
    {
        stream.Write(Head(fleet));
        foreach (var item in Items)
        {
            stream.Write(item.Line);
            stream.WriteByte((byte)'\n');
        }

        foreach (var name in Removed)
        {
            stream.Write(RemovalOf(name));
        }
    }

    /// <summary>
    /// Reads a document. Throws <see cref="EditionException"/>; the first line is judged before the second is read, so
    /// nobody without the secret has more of it read. Other failures are those of the stream.
    /// </summary>
    /// <param name="stream">The document, inflated.</param>
    /// <param name="fleet">Id of the fleet that it must be of.</param>
    /// <param name="isTrusted">Whether its tag may be believed.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static async Task<EditionDocument> ReadAsync(
        Stream stream,
        string fleet,
        Func<EditionTag, bool> isTrusted,
        CancellationToken cancellation
    )
    {
        var lines = new LineReader(stream);
        var head = await lines.ReadAsync(HeadBytesMax, cancellation) ?? throw Damaged("is empty");
        var (tag, from, count) = ReadHead(head, fleet);
        if (!isTrusted(tag))
        {
            throw new EditionException(EditionFault.Foreign, "is not signed with the secret of this fleet");
        }

        var items = new List<CatalogItem>(Math.Min(count, 1_024));
        var removed = new List<string>();
        var bytes = 0L;
        for (var i = 0; i < count; i++)
        {
            var line = await lines.ReadAsync(ItemBytesMax, cancellation) ?? throw Damaged($"ends after {i} of {count} items");
            bytes += line.Length;
            if (bytes > BytesMax)
            {
                throw Damaged($"has more than {BytesMax} bytes");
            }

            var name = ItemCodec.NameOf(line, out var isRemoval);
            if (isRemoval)
            {
                removed.Add(name);
            }
            else
            {
                items.Add(CatalogItem.Of(name, line));
            }
        }

        return await lines.ReadAsync(HeadBytesMax, cancellation) is null
            ? new EditionDocument(tag, from, items, removed)
            : throw Damaged("goes on after its last item");
    }

    private static EditionException Damaged(string reason) => new(EditionFault.Damaged, reason);

    private static (EditionTag Tag, long? From, int Count) ReadHead(byte[] line, string fleet)
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
            var tag = new EditionTag(head.GetProperty("version").GetInt64(), digest, signature);
            long? from = head.TryGetProperty("from", out var since) ? since.GetInt64() : null;
            var count = head.GetProperty("items").GetInt32();
            return count is >= 0 and <= ItemsMax
                ? (tag, from, count)
                : throw Damaged($"must have at most {ItemsMax} items");
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
            }

            json.WriteNumber("items", Items.Count + Removed.Count);
            json.WriteString("digest", Tag.Digest);
            json.WriteString("signature", Tag.Signature);
            json.WriteEndObject();
        }

        return [.. line.WrittenSpan, (byte)'\n'];
    }

    /// <summary>Reads lines that end with a line feed, each into memory of its own.</summary>
    private sealed class LineReader(Stream stream)
    {
        private readonly byte[] _buffer = new byte[64 << 10];
        private int _at;
        private int _end;

        /// <summary>The next line without its end; null behind the last one.</summary>
        public async ValueTask<byte[]?> ReadAsync(int bytesMax, CancellationToken cancellation)
        {
            byte[] begun = [];
            while (true)
            {
                if (_at == _end)
                {
                    (_at, _end) = (0, await stream.ReadAsync(_buffer, cancellation));
                    if (_end == 0)
                    {
                        return begun.Length == 0 ? null : throw Damaged("ends within a line");
                    }
                }

                var length = _buffer.AsSpan(_at.._end).IndexOf((byte)'\n');
                var part = _buffer.AsSpan(_at, length < 0 ? _end - _at : length);
                if (begun.Length + part.Length > bytesMax)
                {
                    throw Damaged($"has a line of more than {bytesMax.ToString(CultureInfo.InvariantCulture)} bytes");
                }

                begun = begun.Length == 0 ? part.ToArray() : [.. begun, .. part];
                _at += part.Length + (length < 0 ? 0 : 1);
                if (length >= 0)
                {
                    return begun;
                }
            }
        }
    }
}
