using Edge.LoadTests.Targets;

namespace Edge.LoadTests.Reconciliation;

/// <summary>
/// A run's own ledger beside the server's: what was acknowledged is stored, or dropped for a reason that the server
/// names; what is stored has reached every sink. Pure.
/// </summary>
internal sealed record LedgerComparison
{
    public required long Sent { get; init; }
    public required long Acknowledged { get; init; }
    public required IReadOnlyDictionary<string, long> Refused { get; init; }
    public required long Unconfirmed { get; init; }

    /// <summary>What the server stored during the run.</summary>
    public required long Stored { get; init; }

    /// <summary>What the server dropped during the run, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Dropped { get; init; }

    /// <summary>What the server received of tests during the run; null when the run was not marked as one.</summary>
    public long? Synthetic { get; init; }

    /// <summary>Events that were acknowledged and are neither stored nor dropped.</summary>
    public required long Missing { get; init; }

    /// <summary>
    /// Events that the server has and this run cannot have sent: of other senders, where there are any.
    /// </summary>
    public required long Surplus { get; init; }

    public required IReadOnlyList<SinkRow> Sinks { get; init; }

    /// <summary>What contradicts the ledgers, one sentence each; empty when they agree.</summary>
    public required IReadOnlyList<string> Contradictions { get; init; }

    /// <summary>Events that nobody will see: missing or dropped.</summary>
    public long Lost => Missing + Dropped.Values.Sum();

    /// <summary>What one sink took of the events of the run.</summary>
    public sealed record SinkRow(string Name, long Forwarded, long Skipped, long DeadLettered, long Pending);

    /// <param name="own">The run's ledger.</param>
    /// <param name="before">The server's, before the first request.</param>
    /// <param name="end">The server's, after the last.</param>
    /// <param name="settled">The server's, when its sinks had had time to catch up.</param>
    /// <param name="isAlone">Whether nobody else sends, so that the server must not have more either.</param>
    /// <param name="isMarked">Whether the run is marked as a test, so that it has a column of its own.</param>
    public static LedgerComparison Of(
        OwnLedger own,
        ServerLedger before,
        ServerLedger end,
        ServerLedger settled,
        bool isAlone,
        bool isMarked = false
    )
    {
        var stored = end.Stored + end.InFlight - before.Stored - before.InFlight;
        var dropped = end
            .Dropped.Select(reason => (reason.Key, Count: reason.Value - before.Dropped.GetValueOrDefault(reason.Key)))
            .Where(static reason => reason.Count != 0)
            .ToDictionary(static reason => reason.Key, static reason => reason.Count);
        var synthetic = isMarked ? end.Synthetic - before.Synthetic : null;
        var known = synthetic ?? stored + dropped.Values.Sum();
        var missing = Math.Max(0, own.Acknowledged - known);
        var surplus = Math.Max(0, known - own.Acknowledged - own.Unconfirmed);
        var contradictions = new List<string>();
        if (missing > 0)
        {
            contradictions.Add(
                synthetic is null
                    ? $"{missing} acknowledged events are neither stored nor dropped"
                    : $"{missing} acknowledged events are not in the server's column of tests"
            );
        }

        if (surplus > 0 && synthetic is not null)
        {
            contradictions.Add(
                $"{surplus} events more than were sent are in the server's column of tests, if no other test has run beside this one"
            );
        }
        else if (surplus > 0 && isAlone)
        {
            contradictions.Add($"{surplus} events more than were sent are stored or dropped");
        }

        foreach (var gone in before.Sinks.Where(sink => settled.Sinks.All(other => other.Name != sink.Name)))
        {
            contradictions.Add($"sink {gone.Name} is no longer in the server's ledger");
        }

        var rows = new List<SinkRow>();
        foreach (var sink in settled.Sinks)
        {
            var earlier =
                before.Sinks.FirstOrDefault(other => other.Name == sink.Name)
                ?? new ServerLedger.Sink(sink.Name, 0, 0, 0, 0);
            rows.Add(
                new SinkRow(
                    sink.Name,
                    sink.Forwarded - earlier.Forwarded,
                    sink.Skipped - earlier.Skipped,
                    sink.DeadLettered - earlier.DeadLettered,
                    sink.Pending
                )
            );
            if (sink.Taken + sink.Pending < settled.Stored)
            {
                contradictions.Add($"sink {sink.Name} has taken less than was stored, and the rest is not pending");
            }
            else if (sink.Taken < end.Stored + end.InFlight)
            {
                contradictions.Add(
                    $"sink {sink.Name} has {end.Stored + end.InFlight - sink.Taken} events of this run or before it to take"
                );
            }

            if (sink.DeadLettered > earlier.DeadLettered)
            {
                contradictions.Add(
                    $"sink {sink.Name} refused {sink.DeadLettered - earlier.DeadLettered} events for good"
                );
            }
        }

        return new LedgerComparison
        {
            Sent = own.Sent,
            Acknowledged = own.Acknowledged,
            Refused = own.Refused,
            Unconfirmed = own.Unconfirmed,
            Stored = stored,
            Synthetic = synthetic,
            Dropped = dropped,
            Missing = missing,
            Surplus = surplus,
            Sinks = rows,
            Contradictions = contradictions,
        };
    }
}
