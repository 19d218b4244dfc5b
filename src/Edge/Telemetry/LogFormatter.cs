using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Edge.Formats;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Edge.Telemetry;

/// <summary>
/// Writes each log message as one line: for programs a compact JSON object with time, level, id, text and the named
/// values of the text; for people time, level, id and text. Control characters are escaped in both, because values may
/// come from strangers. Thread safe.
/// </summary>
internal sealed class LogFormatter(TimeProvider time, bool isJson) : ConsoleFormatter(FormatName)
{
    /// <summary>The name under which the console finds it.</summary>
    public const string FormatName = "edge";

    /// <summary>The member in which the framework passes the text with its placeholders.</summary>
    private const string Template = "{OriginalFormat}";

    /// <summary>Categories that begin so are ours; the ids of others are not those of the documentation.</summary>
    private const string OwnCategory = "Edge";

    /// <summary>
    /// The server's word, with a stack, for the rest of a body that cannot be read. Its request has been answered, and
    /// whoever sends such bodies must not fill the disk with them.
    /// </summary>
    private const string ServerCategory = "Microsoft.AspNetCore.Server.Kestrel";
    private const int BodyNotDrained = 67;

    private static readonly JsonWriterOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public override void Write<TState>(
        in LogEntry<TState> logEntry,
        IExternalScopeProvider? scopeProvider,
        TextWriter textWriter
    )
    {
        if (logEntry is { Category: ServerCategory, EventId.Id: BodyNotDrained })
        {
            return;
        }

        var at = Timestamp.Format(time.GetUtcNow());
        var level = NameOf(logEntry.LogLevel);
        var text = logEntry.Formatter(logEntry.State, logEntry.Exception);
        if (isJson)
        {
            var values = logEntry.State as IEnumerable<KeyValuePair<string, object?>> ?? [];
            var line = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(line, Relaxed))
            {
                json.WriteStartObject();
                json.WriteString("timestamp", at);
                json.WriteString("level", level);
                json.WriteNumber("eventId", logEntry.EventId.Id);
                if (!IsOurs(logEntry.Category))
                {
                    json.WriteString("category", logEntry.Category);
                }

                json.WriteString("message", text);
                WriteValues(json, values);
                if (logEntry.Exception is { } exception)
                {
                    json.WriteString("exception", exception.ToString());
                }

                json.WriteEndObject();
            }

            textWriter.Write(Encoding.UTF8.GetString(line.WrittenSpan));
        }
        else
        {
            textWriter.Write($"{at} {level,-8} ");
            textWriter.Write(IsOurs(logEntry.Category) ? $"{logEntry.EventId.Id} " : $"{logEntry.Category}: ");
            textWriter.Write(Escape(text));
            foreach (var row in logEntry.Exception?.ToString().Split('\n') ?? [])
            {
                textWriter.Write("\n  ");
                textWriter.Write(Escape(row.TrimEnd('\r')));
            }
        }

        textWriter.Write('\n');
    }

    private static bool IsOurs(string category) => category.StartsWith(OwnCategory, StringComparison.OrdinalIgnoreCase);

    private static string NameOf(LogLevel level) =>
        level switch
        {
            LogLevel.Trace => "trace",
            LogLevel.Debug => "debug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warning",
            LogLevel.Error => "error",
            _ => "critical",
        };

    /// <summary>
    /// The values under the names of their placeholders; without those that would repeat a member of the line.
    /// </summary>
    private static void WriteValues(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, object?>> values)
    {
        foreach (var (placeholder, value) in values)
        {
            if (placeholder.Length == 0 || placeholder == Template)
            {
                continue;
            }

            var name = JsonNamingPolicy.CamelCase.ConvertName(placeholder);
            if (name is not ("timestamp" or "level" or "eventId" or "category" or "message" or "exception"))
            {
                json.WritePropertyName(name);
                WriteValue(json, value);
            }
        }
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case DateTimeOffset time:
                json.WriteStringValue(Timestamp.Format(time));
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static string Escape(string text)
    {
        if (!text.Any(TerminalText.IsControl))
        {
            return text;
        }

        var escaped = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            _ = TerminalText.IsControl(c) ? escaped.Append($"\\u{(int)c:x4}") : escaped.Append(c);
        }

        return escaped.ToString();
    }
}
