using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Commands.Streams;
using Edge.Events;
using Edge.Forwarding.Files;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Settings;

namespace Edge.Commands.Replay;

/// <summary>
/// Events in the order in which they were stored: those of the journal, also beside the service, or those of files with a
/// JSON object a line, as the file sink writes them.
/// </summary>
internal static class LoggedEvents
{
    /// <summary>Longest line that is read; longer ones are no events.</summary>
    private const int LineBytesMax = 16 << 20;

    private const int BufferBytes = 1 << 20;

    /// <summary>Text stays readable, so that ids are compared as they are.</summary>
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Takes one event: its bytes, and when it was accepted, milliseconds since 1970 UTC.</summary>
    public delegate void Take(ReadOnlySpan<byte> payload, long acceptedMs);

    /// <summary>Reads what the journal holds.</summary>
    /// <returns>How many records are damaged or of a later format, and were passed over.</returns>
    /// <exception cref="JournalException">It cannot be read.</exception>
    public static long ReadJournal(EdgeOptions options, Take take)
    {
        using var journal = OfflineJournal.OpenToRead(options.ToJournalOptions());
        var walker = journal.Walk();
        var passedOver = 0L;
        for (var step = walker.Step(); step != WalkStep.End; step = walker.Step())
        {
            if (step == WalkStep.Record)
            {
                take(walker.Payload, walker.Envelope.Id.CreatedAtMs);
            }
            else
            {
                // What the service has removed meanwhile is no damage.
                passedOver += journal.IsServed && walker.Address < journal.CommittedNow().Begin ? 0 : 1;
            }
        }

        return passedOver;
    }

    /// <summary>Reads a file, the files of the file sink in a directory, or standard input.</summary>
    /// <returns>How many lines are too long, and were passed over.</returns>
    public static long ReadFiles(string path, Take take)
    {
        if (path == InputFile.Stdin)
        {
            using var input = Console.OpenStandardInput();
            return ReadLines(input, take);
        }

        var passedOver = 0L;
        foreach (var file in Directory.Exists(path) ? FilesIn(path) : [path])
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            passedOver += ReadLines(stream, take);
        }

        return passedOver;
    }

    private static List<string> FilesIn(string directory)
    {
        var files = new List<string>(Directory.EnumerateFiles(directory, ForwardedFileName.SearchPattern));
        files.Sort(StringComparer.Ordinal);
        return files;
    }

    private static long ReadLines(Stream stream, Take take)
    {
        var buffer = new byte[BufferBytes];
        var (begin, end, passedOver) = (0, 0, 0L);
        // Within a line that is longer than may be.
        var isSkipping = false;
        while (true)
        {
            if (end == buffer.Length)
            {
                if (begin > 0)
                {
                    buffer.AsSpan(begin, end - begin).CopyTo(buffer);
                    (begin, end) = (0, end - begin);
                }
                else if (buffer.Length < LineBytesMax)
                {
                    Array.Resize(ref buffer, buffer.Length * 2);
                }
                else
                {
                    passedOver += isSkipping ? 0 : 1;
                    (isSkipping, end) = (true, 0);
                }
            }

            var count = stream.Read(buffer, end, buffer.Length - end);
            if (count == 0)
            {
                // A line without its end is still being written.
                return passedOver;
            }

            end += count;
            for (int length; (length = buffer.AsSpan(begin, end - begin).IndexOf((byte)'\n')) >= 0; begin += length + 1)
            {
                if (!isSkipping && length > 0)
                {
                    var line = buffer.AsSpan(begin, length);
                    if (AsStored(line) is { IsEmpty: false } payload)
                    {
                        take(payload, 0);
                    }
                    else if (!line.Trim(" \t\r"u8).IsEmpty)
                    {
                        passedOver++;
                    }
                }

                isSkipping = false;
            }
        }
    }

    /// <summary>
    /// The event as the journal has it: compact, its members in order. What another program has written is written anew;
    /// empty when it is no JSON object.
    /// </summary>
    private static ReadOnlySpan<byte> AsStored(ReadOnlySpan<byte> line)
    {
        var members = new EventScanner(line);
        var at = 0;
        while (members.Next())
        {
            while (at < EventSchema.All.Count && !EventSchema.All[at].Is(members.Name))
            {
                at++;
            }
        }

        if (!members.IsBroken && at < EventSchema.All.Count)
        {
            return line;
        }

        try
        {
            using var document = JsonDocument.Parse(line.ToArray());
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return default;
            }

            var written = new ArrayBufferWriter<byte>(line.Length);
            using (var json = new Utf8JsonWriter(written, Relaxed))
            {
                json.WriteStartObject();
                foreach (var member in EventSchema.All)
                {
                    if (document.RootElement.TryGetProperty(member.Name, out var value))
                    {
                        json.WritePropertyName(member.Encoded);
                        value.WriteTo(json);
                    }
                }

                json.WriteEndObject();
            }

            return written.WrittenSpan;
        }
        catch (JsonException)
        {
            return default;
        }
    }
}
