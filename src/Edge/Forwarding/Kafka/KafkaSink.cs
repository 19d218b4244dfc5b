using Confluent.Kafka;
using Edge.Events;
using Edge.Journal;
using Edge.Journal.Records;

namespace Edge.Forwarding.Kafka;

/// <summary>
/// Events as messages of a Kafka topic, at least once and each once as long as one producer lives: a batch is delivered
/// when all replicas in sync have every message of it. The library repeats what was not acknowledged for as long as it
/// takes, and its brokers recognise what they have; a batch that is tried again only waits on. Of a batch that failed in
/// parts, what was taken is not sent again. <see cref="KafkaProducer.IdHeader"/> lets consumers drop what comes twice
/// after a restart or a fatal error of the producer, which is then made anew.
/// </summary>
/// <remarks>
/// Failures are results for the pump. The pump's thread calls everything here, the library's reports included; only what
/// the library logs comes on its own threads.
/// </remarks>
internal sealed class KafkaSink(KafkaSinkOptions options, TimeProvider time) : ISink
{
    /// <summary>How soon the end of an orderly stop is noticed while reports are awaited.</summary>
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// How long nothing may move while the library complains: it changes leaders and connections by itself, and mostly
    /// within this time.
    /// </summary>
    private static readonly TimeSpan ComplaintPause = TimeSpan.FromSeconds(1);

    private readonly EventMember? _keyMember = MessageKeys.Member(options.Key);

    // Sequences of a batch that failed in parts, or is delivered in parts, which the brokers have.
    private readonly HashSet<long> _taken = [];

    private KafkaProducer? _producer;

    // The batch that is being delivered: which of its events the brokers have, and which is handed over next.
    private (long Start, long End, int Count) _begun;
    private bool[] _isTaken = [];
    private int _next;
    private int _inFlight;
    private long _reports;
    private string? _failure;
    private string? _refusal;

    /// <summary>
    /// A batch is announced before it is sent, so that no more than one batch comes twice after a kill.
    /// </summary>
    public bool WantsSameBatches => true;

    /// <summary>Makes the producer, so that a wrong setting is reported before the first event.</summary>
    public Task<DeliveryResult> ResumeAsync(UInt128 journalEpochId, JournalCursor from)
    {
        // What is under way belongs to where the pump was before.
        if (_inFlight > 0)
        {
            Abandon();
        }

        _taken.Clear();
        return Task.FromResult(Open() is { } problem ? DeliveryResult.Retry(problem) : DeliveryResult.Delivered);
    }

    public Task<DeliveryResult> DeliverAsync(RecordBatch batch, CancellationToken cancellation) =>
        Task.FromResult(Deliver(batch, cancellation));

    /// <summary>Nothing to do: a delivered batch is on the replicas.</summary>
    public Task<DeliveryResult> FlushAsync(JournalCursor upTo) => Task.FromResult(DeliveryResult.Delivered);

    public void Dispose() => _producer?.Dispose();

    private DeliveryResult Deliver(RecordBatch batch, CancellationToken cancellation)
    {
        if (Open() is { } problem)
        {
            return DeliveryResult.Retry(problem);
        }

        Begin(batch);
        var (moved, movedAt) = (_reports, time.GetTimestamp());
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var isBroken = !SendRest(batch) || _producer!.Complaint.IsFatal;
            if (_inFlight == 0 && (isBroken || _next == batch.Count))
            {
                return isBroken ? Renew(batch) : Conclude(batch);
            }

            _producer!.Poll(PollPause);
            if (_reports != moved)
            {
                (moved, movedAt) = (_reports, time.GetTimestamp());
                continue;
            }

            var still = time.GetElapsedTime(movedAt);
            if (isBroken && still >= ComplaintPause)
            {
                return Renew(batch);
            }

            if (ReasonToRetry(still) is { } reason)
            {
                // What is in flight stays there: the next attempt waits on.
                return DeliveryResult.Retry(reason);
            }
        }
    }

    private string? ReasonToRetry(TimeSpan still)
    {
        var complaint = _producer!.Complaint.Words;
        if (complaint is not null && still >= ComplaintPause)
        {
            return complaint;
        }

        return still >= TimeSpan.FromMilliseconds(options.RequestTimeoutMs)
            ? $"{options.Brokers} acknowledged nothing within {options.RequestTimeoutMs} ms"
            : null;
    }

    /// <summary>Makes the producer unless there is one. What is wrong, in words; null when nothing is.</summary>
    private string? Open()
    {
        if (options.ReadPassword(out var password) is { } unreadable)
        {
            return unreadable;
        }

        try
        {
            if (_producer is null)
            {
                _producer = new KafkaProducer(options, password, Reported);
            }
            else
            {
                _producer.Authenticate(password);
            }

            return null;
        }
        catch (Exception e) when (KafkaFailure.IsExpected(e))
        {
            return KafkaFailure.Describe(e, options);
        }
    }

    /// <summary>Begins with a batch, or goes on with the one that is under way.</summary>
    private void Begin(RecordBatch batch)
    {
        var identity = (batch.Start.Sequence, batch.End.Sequence, batch.Count);
        if (_inFlight > 0)
        {
            if (_begun != identity)
            {
                // Its reports would count for this one. The pump begins anew.
                throw new InvalidOperationException("another batch is under way");
            }

            return;
        }

        _begun = identity;
        if (_isTaken.Length < batch.Count)
        {
            _isTaken = new bool[batch.Count];
        }

        for (var i = 0; i < batch.Count; i++)
        {
            _isTaken[i] = _taken.Contains(batch[i].Sequence);
        }

        (_next, _failure, _refusal) = (0, null, null);
    }

    /// <summary>Hands over what the library has room for; false when the producer is of no use any more.</summary>
    private bool SendRest(RecordBatch batch)
    {
        Span<byte> id = stackalloc byte[Edge.Events.EventId.TextChars];
        for (; _next < batch.Count; _next++)
        {
            if (_isTaken[_next])
            {
                continue;
            }

            var json = batch.Payload(_next).Span;
            batch[_next].Id.WriteText(id);
            var code = _producer!.Send(_next, KeyOf(json), json, id);
            if (code is ErrorCode.Local_QueueFull or ErrorCode.Local_Fatal)
            {
                return code == ErrorCode.Local_QueueFull;
            }

            if (code == ErrorCode.NoError)
            {
                _inFlight++;
            }
            else
            {
                Fail(code);
            }

            CooperativeYield.AfterEvent(_next);
        }

        return true;
    }

    private void Reported(int index, ErrorCode code)
    {
        _inFlight--;
        _reports++;
        if (code == ErrorCode.NoError)
        {
            _isTaken[index] = true;
            _producer!.Complaint.Forget();
        }
        else
        {
            Fail(code);
        }
    }

    private void Fail(ErrorCode code)
    {
        if (KafkaFailure.IsAboutMessage(code))
        {
            _refusal ??= KafkaFailure.Describe(code, options);
        }
        else
        {
            // A fatal error empties the library's queue, and says why in its log alone.
            _failure ??= code == ErrorCode.Local_PurgeQueue ? _producer!.Complaint.Words : null;
            _failure ??= KafkaFailure.Describe(code, options);
        }
    }

    /// <summary>Everything of the batch is reported.</summary>
    private DeliveryResult Conclude(RecordBatch batch)
    {
        if (_failure is null && _refusal is null)
        {
            if (_taken.Count > 0)
            {
                _taken.RemoveWhere(sequence => sequence <= batch.End.Sequence);
            }

            return DeliveryResult.Delivered;
        }

        Remember(batch);
        // A failure may pass, and what was refused beside it is refused again.
        return _failure is not null ? DeliveryResult.Retry(_failure) : DeliveryResult.Refused(_refusal!);
    }

    /// <summary>
    /// Gives up a producer that can go on no longer; the next attempt makes another. What it could not say about is sent
    /// again.
    /// </summary>
    private DeliveryResult Renew(RecordBatch batch)
    {
        Remember(batch);
        var reason = _producer!.Complaint.Words ?? "the client can go on no longer";
        Abandon();
        return DeliveryResult.Retry($"{reason}; the producer is made anew");
    }

    private void Remember(RecordBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (_isTaken[i])
            {
                _taken.Add(batch[i].Sequence);
            }
        }
    }

    /// <summary>Ends the producer, whatever it holds.</summary>
    private void Abandon()
    {
        _producer?.Dispose();
        _producer = null;
        _inFlight = 0;
        _begun = default;
    }

    /// <summary>The key of an event, empty for none; hashes and uids have no escapes.</summary>
    private ReadOnlySpan<byte> KeyOf(ReadOnlySpan<byte> json)
    {
        var members = new MemberScanner(json);
        while (_keyMember is not null && members.Next())
        {
            if (_keyMember.Is(members.Name))
            {
                return members.Value.Trim((byte)'"');
            }
        }

        return default;
    }
}
