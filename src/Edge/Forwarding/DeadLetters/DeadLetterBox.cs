using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Formats;
using Edge.Forwarding.Files;
using Edge.Storage;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.DeadLetters;

/// <summary>
/// The events a sink refused for good: <c>DATA/dead-letters/NAME/YYYYMMDD.ndjson</c> (UTC day), one line each with id,
/// sink, time, the sink's answer and the event as the journal holds it. A line is durable when <see cref="Keep"/>
/// returns, which is before the sink's cursor goes past the event; an event that comes again after a kill is found in
/// the newest file and not written twice. The pump's thread only. Failures are <see cref="IOException"/> or access
/// denied; whoever goes on after one has to <see cref="Drop"/>. Files are the operator's: nothing here deletes one.
/// </summary>
internal sealed class DeadLetterBox(string directory, string sink, TimeProvider time)
{
    /// <summary>What every file ends with.</summary>
    public const string Suffix = ".ndjson";

    private const int AnswerMaxChars = 2_048;
    private const int IdStart = 7; // {"id":"

    // Repetitions come from the moments before a kill, so more need not be remembered.
    private const int KnownMax = 100_000;

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Lines in memory are written without being asked beyond this many bytes.</summary>
    private const int LinesMaxBytes = 1 << 20;

    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly List<string> _added = [];
    private HashSet<string>? _known;

    /// <summary>Something was added and is not durable yet.</summary>
    public bool HasNew => _added.Count > 0;

    /// <summary>Notes the event and what the sink said to it.</summary>
    public void Add(EventId id, ReadOnlySpan<byte> json, string answer)
    {
        var text = id.ToString();
        _known ??= ReadKnown();
        if (_known.Contains(text))
        {
            return;
        }

        WriteLine(text, json, answer);
        _added.Add(text);
        if (_lines.WrittenCount > LinesMaxBytes)
        {
            Keep();
        }
    }

    /// <summary>Writes what was added.</summary>
    public void Keep()
    {
        if (!HasNew)
        {
            return;
        }

        DiskDirectory.CreateDurably(directory);
        var path = Path.Combine(
            directory,
            time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture) + Suffix
        );
        using var hold = DeadLetterLock.Take(directory);
        var isNew = !File.Exists(path);
        using (var file = DiskFile.OpenOrCreate(path))
        {
            var end = LengthOfWholeLines(file);
            file.Write(_lines.WrittenSpan, end);
            file.SyncAll();
        }

        if (isNew)
        {
            DiskDirectory.Sync(directory);
        }

        foreach (var id in _added)
        {
            if (_known!.Count < KnownMax)
            {
                _known.Add(id);
            }
        }

        _added.Clear();
        _lines.Clear();
    }

    /// <summary>
    /// Forgets what is not durable: its events come again. What stands in the files after a failure is looked up.
    /// </summary>
    public void Drop()
    {
        _added.Clear();
        _lines.Clear();
        _known = null;
    }

    private void WriteLine(string id, ReadOnlySpan<byte> json, string answer)
    {
        var at = time.GetUtcNow();
        using (var writer = new Utf8JsonWriter(_lines, Relaxed))
        {
            writer.WriteStartObject();
            writer.WriteString("id", id);
            writer.WriteString("sink", sink);
            writer.WriteString("at", Timestamp.Format(at));
            writer.WriteString("answer", answer.Length > AnswerMaxChars ? answer[..AnswerMaxChars] : answer);
            writer.WritePropertyName("event");
            writer.WriteRawValue(json, skipInputValidation: true);
            writer.WriteEndObject();
        }

        _lines.Write("\n"u8);
    }

    /// <summary>A line that a crash tore was never counted, so it is cut and the next one takes its place.</summary>
    private static long LengthOfWholeLines(DiskFile file)
    {
        var length = file.Length;
        var block = new byte[Math.Min(length, 1 << 20)];
        file.ReadExactly(block, length - block.Length);
        var lineFeed = block.AsSpan().LastIndexOf((byte)'\n');
        var whole = lineFeed < 0 ? 0 : length - block.Length + lineFeed + 1;
        if (whole < length)
        {
            ForwardedDirectory.Cut(file.Path, whole);
        }

        return whole;
    }

    /// <summary>The ids in the newest file: what a kill can have left before its cursor is in there.</summary>
    private HashSet<string> ReadKnown()
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        var newest = Directory.Exists(directory)
            ? Directory.EnumerateFiles(directory, "*" + Suffix).Order(StringComparer.Ordinal).LastOrDefault()
            : null;
        if (newest is null)
        {
            return known;
        }

        using (var file = DiskFile.Open(newest))
        {
            _ = LengthOfWholeLines(file);
        }

        foreach (var line in File.ReadLines(newest, Encoding.UTF8))
        {
            if (line.Length > IdStart + EventId.TextChars && known.Count < KnownMax)
            {
                known.Add(line.Substring(IdStart, EventId.TextChars));
            }
        }

        return known;
    }
}
