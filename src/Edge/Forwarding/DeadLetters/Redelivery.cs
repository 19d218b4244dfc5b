using System.Buffers.Binary;
using System.Security.Cryptography;
using Edge.Journal.Records;
using EventId = Edge.Events.EventId;

namespace Edge.Forwarding.DeadLetters;

/// <summary>
/// Delivers events to a sink outside its pump: dead letters, or a part of the journal once more. The events keep their
/// ids; their batches are none of the journal's, so no destination takes them for a repeated batch. One task uses it.
/// </summary>
internal sealed class Redelivery(ISink sink, EventFields? fields, TimeProvider time) : IDisposable
{
    /// <summary>Most events and bytes in one batch.</summary>
    private const int BatchMaxEvents = 1_000;
    private const int BatchMaxBytes = 1 << 20;
    private const int IdentityBytes = 16;

    /// <summary>
    /// A destination that does not answer now may answer in a moment; whoever waits at a terminal wants to know.
    /// </summary>
    private const int Attempts = 3;

    private static readonly TimeSpan AttemptPause = TimeSpan.FromSeconds(1);

    private readonly RecordBatch _batch = new();
    private readonly RecordBatch _part = new();
    private JournalCursor _end;

    /// <summary>Whether to send before more is added.</summary>
    public bool IsFull => _batch.Count >= BatchMaxEvents || _batch.Bytes.Length >= BatchMaxBytes;

    /// <summary>Events of the last <see cref="SendAsync(CancellationToken)"/> that the destination has taken.</summary>
    public List<string> Taken { get; } = [];

    /// <summary>
    /// Events of the last <see cref="SendAsync(CancellationToken)"/> that it refused, with its answer.
    /// </summary>
    public List<(string Id, string Answer)> Refused { get; } = [];

    /// <summary>Makes the sink ready; why that is not possible in words, else null.</summary>
    public async Task<string?> BeginAsync(CancellationToken cancellation)
    {
        // An identity of its own for this run: a token made of it and a position is never one of the journal's.
        var run = BinaryPrimitives.ReadUInt128LittleEndian(RandomNumberGenerator.GetBytes(IdentityBytes));
        _batch.Clear(_end);
        return
            await TryAsync(() => sink.ResumeAsync(run, default), cancellation)
                is { IsDelivered: false, Reason: var reason }
            ? reason
            : null;
    }

    /// <summary>Adds an event to the batch in hand.</summary>
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

    /// <summary>Sends the batch in hand and waits until it is durable; why that failed in words, else null.</summary>
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
            // What a failed flush leaves in doubt counts as not taken.
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
