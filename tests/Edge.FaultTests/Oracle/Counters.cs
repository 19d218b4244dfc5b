using System.Globalization;

namespace Edge.FaultTests.Oracle;

/// <summary>The ledger as the service itself shows it on <c>/metrics</c>, at one moment.</summary>
internal sealed record Counters(
    long Received, long Stored, long Dropped, long InFlight, long Forwarded, long Pending, long DeadLettered, long Skipped, bool HasSink)
{
    /// <summary>Bytes between the begin and the tail of the journal.</summary>
    public static long JournalBytes(string metrics) => Sums(metrics)["edge_journal_bytes"];

    public static Counters Parse(string metrics)
    {
        var sums = Sums(metrics);
        return new Counters(
            sums["edge_events_received_total"],
            sums["edge_events_stored_total"],
            sums.GetValueOrDefault("edge_events_dropped_total"),
            sums["edge_events_in_flight"],
            sums.GetValueOrDefault("edge_sink_forwarded_total"),
            sums.GetValueOrDefault("edge_sink_pending"),
            sums.GetValueOrDefault("edge_sink_dead_lettered_total"),
            sums.GetValueOrDefault("edge_sink_skipped_total"),
            sums.ContainsKey("edge_sink_pending"));
    }

    /// <summary>The equations of the ledger, which hold whenever nothing is under way.</summary>
    public IEnumerable<string> BrokenEquations()
    {
        if (Received != Stored + Dropped + InFlight)
            yield return $"received {Received} is not stored {Stored} + dropped {Dropped} + in flight {InFlight}";
        if (HasSink && Stored != Forwarded + Pending + DeadLettered + Skipped)
            yield return $"stored {Stored} is not forwarded {Forwarded} + pending {Pending} + dead-lettered {DeadLettered} + skipped {Skipped}";
    }

    /// <summary>What the visitors know about these numbers: stored holds every acknowledged event, and nothing nobody sent.</summary>
    public IEnumerable<string> BrokenPromises(long acknowledged, long attempted)
    {
        if (Stored < acknowledged) yield return $"{acknowledged} events were acknowledged and only {Stored} are stored";
        if (Stored > attempted) yield return $"{attempted} events were sent and {Stored} are stored";
    }

    /// <summary>What has been stored stays stored.</summary>
    public IEnumerable<string> BrokenSince(Counters earlier)
    {
        if (Stored < earlier.Stored) yield return $"stored fell from {earlier.Stored} to {Stored}";
    }

    /// <summary>Each metric added up over its labels.</summary>
    private static Dictionary<string, long> Sums(string metrics)
    {
        var sums = new Dictionary<string, long>();
        foreach (var line in metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == '#') continue;
            var name = line[..line.AsSpan().IndexOfAny('{', ' ')];
            sums[name] = sums.GetValueOrDefault(name) + (long)double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture);
        }
        return sums;
    }
}
