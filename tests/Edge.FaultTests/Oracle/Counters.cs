using System.Text.Json;

namespace Edge.FaultTests.Oracle;

/// <summary>The ledger as the service itself shows it on <c>/ledger</c>, at one moment.</summary>
internal sealed record Counters(
    string Epoch,
    long Received,
    long Stored,
    long InFlight,
    long Dropped,
    IReadOnlyList<SinkCounters> Sinks
)
{
    private const string FileSink = "file";

    /// <summary>Events some sink has yet to take.</summary>
    public long Pending => Sinks.Select(sink => sink.Pending).DefaultIfEmpty(0).Max();

    /// <summary>Events the file sink has passed over.</summary>
    public long Skipped => Sinks.Where(sink => sink.Name == FileSink).Sum(sink => sink.Skipped);

    public static Counters Parse(string ledger)
    {
        using var document = JsonDocument.Parse(ledger);
        var root = document.RootElement;
        return new Counters(
            root.GetProperty("epoch").GetString()!,
            root.GetProperty("received").GetInt64(),
            root.GetProperty("stored").GetInt64(),
            root.GetProperty("in_flight").GetInt64(),
            root.GetProperty("dropped").EnumerateObject().Sum(reason => reason.Value.GetInt64()),
            [.. root.GetProperty("sinks").EnumerateArray().Select(SinkCounters.Parse)]
        );
    }

    /// <summary>The equations of the ledger, which hold whenever nothing is under way.</summary>
    public IEnumerable<string> BrokenEquations()
    {
        if (Received != Stored + InFlight + Dropped)
        {
            yield return $"received {Received} is not stored {Stored} + in flight {InFlight} + dropped {Dropped}";
        }

        foreach (var sink in Sinks)
        {
            if (Stored != sink.Forwarded + sink.Pending + sink.DeadLettered + sink.Skipped)
            {
                yield return $"stored {Stored} is not what sink {sink} has";
            }
        }
    }

    /// <summary>
    /// What the visitors know about these numbers: stored holds every acknowledged event, and nothing nobody sent.
    /// </summary>
    public IEnumerable<string> BrokenPromises(long acknowledged, long attempted)
    {
        if (Stored < acknowledged)
        {
            yield return $"{acknowledged} events were acknowledged and only {Stored} are stored";
        }

        if (Stored > attempted)
        {
            yield return $"{attempted} events were sent and {Stored} are stored";
        }
    }

    /// <summary>What has been stored stays stored, in the same journal.</summary>
    public IEnumerable<string> BrokenSince(Counters earlier)
    {
        if (Stored < earlier.Stored)
        {
            yield return $"stored fell from {earlier.Stored} to {Stored}";
        }

        if (Epoch != earlier.Epoch)
        {
            yield return $"journal {earlier.Epoch} became journal {Epoch}";
        }
    }
}

/// <summary>One sink of the ledger.</summary>
internal sealed record SinkCounters(string Name, long Forwarded, long Pending, long DeadLettered, long Skipped)
{
    public static SinkCounters Parse(JsonElement sink) =>
        new(
            sink.GetProperty("sink").GetString()!,
            sink.GetProperty("forwarded").GetInt64(),
            sink.GetProperty("pending").GetInt64(),
            sink.GetProperty("dead_lettered").GetInt64(),
            sink.GetProperty("skipped").GetInt64()
        );
}
