using System.Text;
using System.Text.Json;
using Edge.Forwarding;
using Edge.Journal.Records;

namespace Edge.Tests.Forwarding;

/// <summary>
/// A real destination in memory: keeps what it takes, refuses the events it is told to, and answers as scripted. What
/// it was sent can be looked at from the test's thread once the pump's status has been waited for.
/// </summary>
internal sealed class ScriptedSink(Func<string, bool>? isPoison = null, bool wantsSameBatches = false) : ISink
{
    private readonly Lock _lock = new();
    private readonly List<string> _taken = [];
    private readonly List<(JournalCursor Start, JournalCursor End)> _asked = [];
    private readonly Queue<DeliveryResult> _script = new();

    public bool WantsSameBatches => wantsSameBatches;

    /// <summary>Never answers while set.</summary>
    public volatile bool Hangs;

    /// <summary>Fails every delivery after so many.</summary>
    public int FailsAfter { get; init; } = int.MaxValue;

    public string[] Taken
    {
        get
        {
            lock (_lock)
            {
                return [.. _taken];
            }
        }
    }

    public (JournalCursor Start, JournalCursor End)[] Asked
    {
        get
        {
            lock (_lock)
            {
                return [.. _asked];
            }
        }
    }

    /// <summary>Answers the next deliveries without taking anything.</summary>
    public void Answer(params DeliveryResult[] results)
    {
        lock (_lock)
        {
            Array.ForEach(results, _script.Enqueue);
        }
    }

    public Task<DeliveryResult> ResumeAsync(UInt128 journalEpochId, JournalCursor from) =>
        Task.FromResult(DeliveryResult.Delivered);

    public async Task<DeliveryResult> DeliverAsync(RecordBatch batch, CancellationToken cancellation)
    {
        if (Hangs)
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }

        lock (_lock)
        {
            if (_asked.Count >= FailsAfter)
            {
                return DeliveryResult.Retry("later");
            }

            _asked.Add((batch.Start, batch.End));
            if (_script.TryDequeue(out var scripted))
            {
                return scripted;
            }

            var lines = Encoding.UTF8.GetString(batch.Bytes.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            if (isPoison is not null && lines.FirstOrDefault(isPoison) is { } bad)
            {
                return DeliveryResult.Refused($"cannot take {JsonDocument.Parse(bad).RootElement.GetProperty("n")}");
            }

            _taken.AddRange(lines);
            return DeliveryResult.Delivered;
        }
    }

    public Task<DeliveryResult> FlushAsync(JournalCursor upTo) => Task.FromResult(DeliveryResult.Delivered);

    public void Dispose() { }
}
