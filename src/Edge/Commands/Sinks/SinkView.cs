using System.Globalization;
using System.Text.Json;

namespace Edge.Commands.Sinks;

/// <summary>One sink as <c>edge sink status</c> shows it, whoever told it: the service or the data directory.</summary>
internal sealed record SinkView
{
    public required string Name { get; init; }

    /// <summary>A word of the ledger: forwarding, retrying, paused, stopped.</summary>
    public required string State { get; init; }

    /// <summary>Events gone through, whatever became of them.</summary>
    public required long Passed { get; init; }
    public required long Pending { get; init; }
    public required long PendingBytes { get; init; }

    /// <summary>Events that it was not given: given up, gone before it came to them, or damaged in the journal.</summary>
    public long Missed { get; init; }

    /// <summary>Events that became dead letters, those included that were sent again since.</summary>
    public required long DeadLettered { get; init; }

    /// <summary>Dead letters that there are now; null when nobody knows.</summary>
    public long? DeadLettersLeft { get; init; }

    /// <summary>How long the oldest pending event has been waiting; zero when nothing is pending.</summary>
    public required TimeSpan Oldest { get; init; }

    /// <summary>The last failure in words and when it was; empty when there was none or nobody knows.</summary>
    public string LastError { get; init; } = "";

    /// <summary>The sinks of a ledger; null when the text is none.</summary>
    public static IReadOnlyList<SinkView>? ParseLedger(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var views = new List<SinkView>();
            foreach (var sink in document.RootElement.GetProperty("sinks").EnumerateArray())
            {
                views.Add(Parse(sink));
            }

            return views;
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>The line of a table.</summary>
    /// <param name="eventsPerSecond">How fast it takes events; null when that is not known.</param>
    /// <param name="arrivingPerSecond">How fast events are stored meanwhile.</param>
    public string[] Row(double? eventsPerSecond, double arrivingPerSecond) =>
        [
            Name,
            State,
            Pending.ToString("N0", CultureInfo.InvariantCulture),
            Bytes(PendingBytes),
            Pending == 0 ? "-" : Duration(Oldest),
            eventsPerSecond is { } rate ? $"{rate.ToString("N0", CultureInfo.InvariantCulture)}/s" : "-",
            CaughtUpIn(eventsPerSecond, arrivingPerSecond),
            DeadLetters,
            LastError.Length == 0 ? "-" : LastError,
        ];

    /// <summary>A length of time with one unit.</summary>
    public static string Duration(TimeSpan time) =>
        time switch
        {
            { TotalSeconds: < 60 } => Whole(time.TotalSeconds, "s"),
            { TotalMinutes: < 60 } => Whole(time.TotalMinutes, "min"),
            { TotalHours: < 48 } => Whole(time.TotalHours, "h"),
            _ => Whole(time.TotalDays, "d"),
        };

    private string DeadLetters
    {
        get
        {
            var all = DeadLettered.ToString("N0", CultureInfo.InvariantCulture);
            return DeadLettersLeft is { } left && left != DeadLettered
                ? $"{left.ToString("N0", CultureInfo.InvariantCulture)} left of {all}"
                : all;
        }
    }

    private static string Bytes(long bytes)
    {
        string[] units = ["B", "kB", "MB", "GB", "TB"];
        var value = (double)bytes;
        var unit = 0;
        for (; value >= 1_000 && unit < units.Length - 1; unit++)
        {
            value /= 1_000;
        }

        return value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + units[unit];
    }

    private static string Whole(double value, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(value):0} {unit}");

    private string CaughtUpIn(double? eventsPerSecond, double arrivingPerSecond)
    {
        if (Pending == 0)
        {
            return Missed == 0 ? "has all" : $"has all but {Missed.ToString("N0", CultureInfo.InvariantCulture)}";
        }

        if (eventsPerSecond is not { } rate)
        {
            return "-";
        }

        var gain = rate - arrivingPerSecond;
        if (gain <= 0)
        {
            return rate <= 0 ? "stands still" : "falls behind";
        }

        return Duration(TimeSpan.FromSeconds(Math.Min(Pending / gain, TimeSpan.MaxValue.TotalSeconds / 2)));
    }

    private static SinkView Parse(JsonElement sink)
    {
        var error = sink.TryGetProperty("last_error", out var words) ? words.GetString() ?? "" : "";
        var at = sink.TryGetProperty("last_error_at", out var when) ? when.GetString() + " " : "";
        return new SinkView
        {
            Name = sink.GetProperty("sink").GetString()!,
            State = sink.GetProperty("state").GetString()!,
            Passed = sink.GetProperty("stored").GetInt64() - sink.GetProperty("pending").GetInt64(),
            Pending = sink.GetProperty("pending").GetInt64(),
            PendingBytes = sink.GetProperty("pending_bytes").GetInt64(),
            Missed = sink.GetProperty("skipped").GetInt64() - sink.GetProperty("filtered").GetInt64(),
            DeadLettered = sink.GetProperty("dead_lettered").GetInt64(),
            Oldest = TimeSpan.FromSeconds(sink.GetProperty("oldest_pending_seconds").GetDouble()),
            LastError = error.Length == 0 ? "" : at + error,
        };
    }
}
