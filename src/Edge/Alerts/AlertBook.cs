using System.Security.Cryptography;
using System.Text.Json;
using Edge.Formats;
using Edge.Storage;

namespace Edge.Alerts;

/// <summary>What an <see cref="AlertBook"/> found different.</summary>
/// <param name="Begun">Alerts that there are now and were not before.</param>
/// <param name="Ended">Alerts whose cause is gone.</param>
/// <param name="Omitted">Causes for which there was no room.</param>
internal sealed record AlertChanges(IReadOnlyList<Alert> Begun, IReadOnlyList<Alert> Ended, int Omitted);

/// <summary>
/// The alerts whose causes last, <c>DATA/alerts.json</c>, replaced as a whole with each change. An alert is on disk
/// before anybody is told, so it has the same id after a crash, and it is told of once. One writer; any thread may read
/// <see cref="Alerts"/>.
/// </summary>
internal sealed class AlertBook
{
    /// <summary>Name within the data directory.</summary>
    public const string Name = "alerts.json";

    /// <summary>Name of a file that could not be used; replaces an earlier one.</summary>
    public const string SetAsideName = "alerts.json.set-aside";

    /// <summary>Most alerts at a time.</summary>
    public const int AlertsMax = 5_000;

    private const string IdPrefix = "alert_";
    private const int IdBytes = 12;

    /// <summary>Largest file that is read, bytes; an alert has at most 10 KB.</summary>
    private const long FileMaxBytes = 64 << 20;

    private readonly string _directory;
    private volatile Alert[] _alerts;

    /// <summary>Whether the file is behind what is in memory.</summary>
    private bool _isUnsaved;

    private AlertBook(string directory, Alert[] alerts)
    {
        _directory = directory;
        _alerts = alerts;
    }

    /// <summary>All alerts, the oldest first.</summary>
    public IReadOnlyList<Alert> Alerts => _alerts;

    /// <summary>
    /// Reads the file, if there is one. Throws <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> on
    /// a disk error.
    /// </summary>
    /// <param name="directory">The data directory.</param>
    /// <param name="report">Called with the reason when the file is damaged and was set aside.</param>
    public static AlertBook Open(string directory, Action<string> report)
    {
        try
        {
            return new AlertBook(directory, Read(directory));
        }
        catch (InvalidDataException e)
        {
            DiskDirectory.Rename(Path.Combine(directory, Name), Path.Combine(directory, SetAsideName));
            report(e.Message);
            return new AlertBook(directory, []);
        }
    }

    /// <summary>
    /// What is wrong with the stored file, and whether the service would not start with it; null when nothing is, or
    /// there is none. Changes nothing.
    /// </summary>
    public static (bool IsFatal, string Message)? Problem(string directory)
    {
        try
        {
            Read(directory);
            return null;
        }
        catch (InvalidDataException e)
        {
            return (false, $"is damaged, so alerts begin anew and are told of again: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (true, e.Message);
        }
    }

    /// <summary>A new id of an alert.</summary>
    public static string CreateId() => IdPrefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));

    /// <summary>
    /// Begins an alert for each cause that has none, and ends those whose cause is gone; durable when this returns. Throws
    /// <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> on a disk error; nothing has changed then.
    /// </summary>
    /// <param name="holding">The causes that hold now, with their texts.</param>
    /// <param name="now">The time.</param>
    public AlertChanges Take(IReadOnlyDictionary<AlertCause, string> holding, DateTimeOffset now)
    {
        var kept = _alerts.Where(alert => holding.ContainsKey(alert.Cause)).ToList();
        var ended = _alerts.Where(alert => !holding.ContainsKey(alert.Cause)).ToArray();
        var known = kept.Select(static alert => alert.Cause).ToHashSet();
        var beginning = holding.Keys.Where(cause => !known.Contains(cause)).ToArray();
        var begun = beginning
            .Take(AlertsMax - kept.Count)
            .Select(cause => new Alert
            {
                Id = CreateId(),
                Type = cause.Type,
                Uid = cause.Uid,
                Subject = cause.Subject,
                Since = now,
                Text = holding[cause],
            })
            .ToArray();
        if (begun.Length + ended.Length > 0 || _isUnsaved)
        {
            Alert[] alerts = [.. kept, .. begun];
            Save(alerts);
            _alerts = alerts;
        }

        return new AlertChanges(begun, ended, beginning.Length - begun.Length);
    }

    /// <summary>
    /// Notes that an alert was taken. It stays so in memory when writing throws as <see cref="Take"/> does, and the next
    /// change writes it.
    /// </summary>
    public void MarkDelivered(string id)
    {
        _alerts = [.. _alerts.Select(alert => alert.Id == id ? alert with { IsDelivered = true } : alert)];
        Save(_alerts);
    }

    private void Save(Alert[] alerts)
    {
        _isUnsaved = true;
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartArray("alerts");
            foreach (var alert in alerts)
            {
                json.WriteStartObject();
                json.WriteString("id", alert.Id);
                json.WriteString("type", alert.Type);
                json.WriteString("uid", alert.Uid);
                json.WriteString("subject", alert.Subject);
                json.WriteString("since", Timestamp.Format(alert.Since));
                json.WriteString("text", alert.Text);
                json.WriteBoolean("delivered", alert.IsDelivered);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        // Destinations may have secrets in their query.
        AtomicFile.Write(_directory, Name, bytes.ToArray(), DiskFile.OwnerOnly);
        _isUnsaved = false;
    }

    private static Alert[] Read(string directory)
    {
        ReadOnlyMemory<byte> bytes;
        if (new FileInfo(Path.Combine(directory, Name)) is { Exists: true, Length: > FileMaxBytes })
        {
            throw new InvalidDataException($"is larger than {FileMaxBytes} bytes");
        }

        try
        {
            bytes = JsonProblem.WithoutMark(DiskFile.ReadWhole(Path.Combine(directory, Name), FileMaxBytes));
        }
        catch (FileNotFoundException)
        {
            return [];
        }

        try
        {
            using var document = JsonDocument.Parse(bytes);
            return
                document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("alerts", out var alerts)
                && alerts.ValueKind == JsonValueKind.Array
                ? [.. alerts.EnumerateArray().Select(AlertOf)]
                : throw new InvalidDataException("it has no list of alerts");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("it " + JsonProblem.Describe(e, bytes.Span), e);
        }
        catch (InvalidOperationException e)
        {
            // What the platform throws for text that UTF-8 cannot hold.
            throw new InvalidDataException("it holds half of a surrogate pair", e);
        }
    }

    private static Alert AlertOf(JsonElement json)
    {
        var type = Text(json, "type");
        return
            AlertType.All.Contains(type)
            && Timestamp.TryParse(Text(json, "since"), out var since)
            && json.TryGetProperty("delivered", out var delivered)
            && delivered.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? new Alert
            {
                Id = Text(json, "id"),
                Type = type,
                Uid = Text(json, "uid"),
                Subject = Text(json, "subject"),
                Since = since,
                Text = Text(json, "text"),
                IsDelivered = delivered.GetBoolean(),
            }
            : throw new InvalidDataException("an alert has a type, a time or a state that there is not");
    }

    private static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object
        && json.TryGetProperty(name, out var text)
        && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw new InvalidDataException($"an alert has no {name}");
}
