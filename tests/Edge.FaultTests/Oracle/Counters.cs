using System.Text.Json;

namespace Edge.FaultTests.Oracle;

/// <summary>The ledger as the service itself shows it on <c>/ledger</c>, at one moment. Sinks are added up; the tests run with one or none.</summary>
internal sealed record Counters(
    string Epoch, long Received, long Stored, long InFlight, long Dropped, long Forwarded, long Pending, long DeadLettered, long Skipped,
    bool HasSink)
{
    public static Counters Parse(string ledger)
    {
        using var document = JsonDocument.Parse(ledger);
        var root = document.RootElement;
        var sinks = root.GetProperty("sinks").EnumerateArray().ToArray();
        return new Counters(
            root.GetProperty("epoch").GetString()!,
            root.GetProperty("received").GetInt64(),
            root.GetProperty("stored").GetInt64(),
            root.GetProperty("in_flight").GetInt64(),
            root.GetProperty("dropped").EnumerateObject().Sum(reason => reason.Value.GetInt64()),
            sinks.Sum(sink => sink.GetProperty("forwarded").GetInt64()),
            sinks.Sum(sink => sink.GetProperty("pending").GetInt64()),
            sinks.Sum(sink => sink.GetProperty("dead_lettered").GetInt64()),
            sinks.Sum(sink => sink.GetProperty("skipped").GetInt64()),
            sinks.Length > 0);
    }

    /// <summary>The equations of the ledger, which hold whenever nothing is under way.</summary>
    public IEnumerable<string> BrokenEquations()
    {
        if (Received != Stored + InFlight + Dropped)
            yield return $"received {Received} is not stored {Stored} + in flight {InFlight} + dropped {Dropped}";
        if (HasSink && Stored != Forwarded + Pending + DeadLettered + Skipped)
            yield return $"stored {Stored} is not forwarded {Forwarded} + pending {Pending} + dead-lettered {DeadLettered} + skipped {Skipped}";
    }

    /// <summary>What the visitors know about these numbers: stored holds every acknowledged event, and nothing nobody sent.</summary>
    public IEnumerable<string> BrokenPromises(long acknowledged, long attempted)
    {
        if (Stored < acknowledged) yield return $"{acknowledged} events were acknowledged and only {Stored} are stored";
        if (Stored > attempted) yield return $"{attempted} events were sent and {Stored} are stored";
    }

    /// <summary>What has been stored stays stored, in the same journal.</summary>
    public IEnumerable<string> BrokenSince(Counters earlier)
    {
        if (Stored < earlier.Stored) yield return $"stored fell from {earlier.Stored} to {Stored}";
        if (Epoch != earlier.Epoch) yield return $"journal {earlier.Epoch} became journal {Epoch}";
    }
}
