using System.Buffers.Binary;
using System.Security.Cryptography;
using Edge.Journal.Records;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.DeadLetters;

/// <summary>
/// Delivers events to a sink outside its pump: dead letters, or a part of the journal once more. The events keep their
/// ids; their batches have identities of their own, so no destination takes one for a repeated batch of the journal.
/// Used by one task.
/// </summary>
internal sealed class Redelivery(ISink sink, EventFields? fields, TimeProvider time) : IDisposable
{
    /// <summary>Most events and bytes in one batch.</summary>
    private const int BatchMaxEvents = 1_000;
    private const int BatchMaxBytes = 1 << 20;
    private const int IdentityBytes = 16;

    /// <summary>
    /// Few, because an operator waits at a terminal; more than one, because a destination may recover within a second.
    /// </summary>
    private const int Attempts = 3;

    private static readonly TimeSpan AttemptPause = TimeSpan.FromSeconds(1);

    private readonly RecordBatch _batch = new();
    private readonly RecordBatch _part = new();
    private JournalCursor _end;

    /// <summary>Whether the batch should be sent before more is added.</summary>
    public bool IsFull => _batch.Count >= BatchMaxEvents || _batch.Bytes.Length >= BatchMaxBytes;

    /// <summary>Events of the last <see cref="SendAsync(CancellationToken)"/> that the destination has taken.</summary>
    public List<string> Taken { get; } = [];

    /// <summary>
    /// Events of the last <see cref="SendAsync(CancellationToken)"/> that it refused, with its answer.
    /// </summary>
    public List<(string Id, string Answer)> Refused { get; } = [];

    /// <summary>Makes the sink ready. Returns why that failed, in words; null when it did not.</summary>
    public async Task<string?> BeginAsync(CancellationToken cancellation)
    {
        // A random epoch for this run: a batch id made from it is never one of the journal's.
        var run = BinaryPrimitives.ReadUInt128LittleEndian(RandomNumberGenerator.GetBytes(IdentityBytes));
        _batch.Clear(_end);
        return
            await TryAsync(() => sink.ResumeAsync(run, default), cancellation)
                is { IsDelivered: false, Reason: var reason }
            ? reason
            : null;
    }

    /// <summary>Adds an event to the current batch.</summary>
    public void Add(EventId id, ReadOnlySpan<byte> json)
    {
        if (fields is null)
        {
            _batch.Write(json);
        }
        else
        {
            fields.Write(json, _batch);
        }

        _end = new JournalCursor(_end.Address + json.Length, _end.Sequence + 1);
        _batch.Complete(id, _end.Sequence, _end);
    }

    /// <summary>
    /// Sends the current batch and waits until it is durable. Returns why that failed, in words; null when it did not.
    /// </summary>
    public async Task<string?> SendAsync(CancellationToken cancellation)
    {
        Taken.Clear();
        Refused.Clear();
        if (_batch.Count == 0)
        {
            return null;
        }

        var problem = await SendAsync(0, _batch.Count, cancellation);
        if (
            problem is null
            && await TryAsync(() => sink.FlushAsync(_end), cancellation) is { IsDelivered: false, Reason: var reason }
        )
        {
            problem = reason;
        }

        if (problem is not null)
        {
            // After a failed flush it is unknown what is durable, so nothing counts as taken.
            Taken.Clear();
        }

        _batch.Clear(_end);
        return problem;
    }

    public void Dispose() => sink.Dispose();

    private async Task<string?> SendAsync(int first, int count, CancellationToken cancellation)
    {
        _part.CopyFrom(_batch, first, count);
        var result = await TryAsync(() => sink.DeliverAsync(_part, cancellation), cancellation);
        switch (result.Outcome)
        {
            case DeliveryOutcome.Delivered:
                for (var i = first; i < first + count; i++)
                {
                    Taken.Add(_batch[i].Id.ToString());
                }

                return null;
            case DeliveryOutcome.Refused when count == 1:
                Refused.Add((_batch[first].Id.ToString(), result.Reason!));
                return null;
            case DeliveryOutcome.Refused:
                return await SendAsync(first, count / 2, cancellation)
                    ?? await SendAsync(first + (count / 2), count - (count / 2), cancellation);
            default:
                return result.Reason;
        }
    }

    private async Task<DeliveryResult> TryAsync(Func<Task<DeliveryResult>> step, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var result = await step();
            if (result.Outcome != DeliveryOutcome.Retry || attempt == Attempts)
            {
                return result;
            }

            await Task.Delay(result.RetryAfter > AttemptPause ? result.RetryAfter : AttemptPause, time, cancellation);
        }
    }
}
