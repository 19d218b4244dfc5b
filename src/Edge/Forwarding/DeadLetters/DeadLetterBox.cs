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
/// sink, time, the sink's answer and the event as the journal holds it. A line is durable when <see cref="Save"/>
/// returns, which is before the sink's cursor goes past the event; an event that is refused again after a kill is found
/// in the newest file and not written twice. The pump's thread only. Failures are <see cref="IOException"/> or <see
/// cref="UnauthorizedAccessException"/>; after one, call <see cref="DropUnsaved"/> before going on. The files belong to
/// the operator: nothing here deletes one.
/// </summary>
internal sealed class DeadLetterBox(string directory, string sink, TimeProvider time)
{
    /// <summary>The extension of every file.</summary>
    public const string Suffix = ".ndjson";

    private const int AnswerMaxChars = 2_048;
    private const int IdStart = 7; // {"id":"

    // Only events from just before a kill are refused a second time, so more ids need not be remembered.
    private const int KnownMax = 100_000;

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Lines in memory are saved at once beyond this many bytes.</summary>
    private const int LinesMaxBytes = 1 << 20;

    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly List<string> _added = [];
    private HashSet<string>? _known;

    /// <summary>Whether something was added that is not durable yet.</summary>
    public bool HasUnsaved => _added.Count > 0;

    /// <summary>Adds the event and the sink's answer, in memory.</summary>
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
            Save();
        }
    }

    /// <summary>Writes what was added; durable on return.</summary>
    public void Save()
    {
        if (!HasUnsaved)
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
    /// Drops what is not durable: its events will be delivered again. The ids in the files are read again, because a
    /// failed save may have written some.
    /// </summary>
    public void DropUnsaved()
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

    /// <summary>
    /// Cuts a line torn by a crash, whose event was never counted, and returns the length without it.
    /// </summary>
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

    /// <summary>
    /// The ids in the newest file: those that a kill can have left there before the cursor was durable.
    /// </summary>
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
