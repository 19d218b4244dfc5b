using System.Buffers;
using System.Globalization;
using System.Text;
using Edge.Events;
using Edge.Forwarding;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Telemetry;

namespace Edge.Endpoints.Live;

/// <summary>
/// What is stored and what is refused, as it happens, for a few readers. Events are read back from the journal once they
/// are committed, a few times a second and no more than a bounded number: whoever stores them knows nothing of it, and
/// while nobody reads, nothing is done. Thread safe.
/// </summary>
internal sealed class LiveFeed : IAsyncDisposable
{
    /// <summary>Most readers at once.</summary>
    public const int ReadersMax = 8;

    /// <summary>Most readers with one key, so that no key has all places.</summary>
    public const int ReadersOfKeyMax = 4;

    /// <summary>The event of a refused request, and the type that filters for it.</summary>
    public const string Refused = "refused";

    /// <summary>Most events that are looked at between two pauses; beyond that they are counted and passed over.</summary>
    private const int LooksMax = 1_000;

    private const int BatchBytesMax = 1 << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>What is shown of an event: neither ids nor hashes of persons, nor what a sender put into properties.</summary>
    private static readonly EventMember[] Shown =
    [
        EventSchema.Id,
        EventSchema.ReceivedAt,
        EventSchema.Api,
        EventSchema.Project,
        EventSchema.Synthetic,
        EventSchema.Type,
        EventSchema.Event,
        EventSchema.Experiment,
        EventSchema.ExperimentUid,
        EventSchema.Variant,
        EventSchema.Probability,
        EventSchema.Channel,
        EventSchema.Source,
        EventSchema.Medium,
        EventSchema.Campaign,
        EventSchema.Country,
        EventSchema.DeviceType,
        EventSchema.Browser,
        EventSchema.Os,
        EventSchema.Verdict,
        EventSchema.VerdictReason,
        EventSchema.Authenticated,
    ];

    private readonly EventJournal _journal;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closing = new();
    private volatile LiveReader[] _readers = [];
    private Task _pump = Task.CompletedTask;
    private long _dropped;

    public LiveFeed(EventJournal journal, TimeProvider time, ILogger log)
    {
        _journal = journal;
        _time = time;
        _log = log;
    }

    /// <summary>Whether anybody reads; cheap enough for every request.</summary>
    public bool IsRead => _readers.Length > 0;

    /// <summary>How many read.</summary>
    public int Readers => _readers.Length;

    /// <summary>Readers that were too slow, since the start.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Joins as a reader; null when there are as many as there may be, or the service stops.</summary>
    /// <param name="filter">What it wants to see.</param>
    /// <param name="keyId">The key it came with.</param>
    public LiveReader? Join(LiveFilter filter, string keyId)
    {
        lock (_lock)
        {
            if (
                _readers.Length >= ReadersMax
                || _readers.Count(reader => reader.KeyId == keyId) >= ReadersOfKeyMax
                || _closing.IsCancellationRequested
            )
            {
                return null;
            }

            var reader = new LiveReader(filter, keyId);
            _readers = [.. _readers, reader];
            if (_readers.Length == 1)
            {
                // From here on, whatever the one before has not read.
                _pump = PumpAsync(_pump);
            }

            return reader;
        }
    }

    /// <summary>Leaves.</summary>
    public void Leave(LiveReader reader)
    {
        lock (_lock)
        {
            _readers = Array.FindAll(_readers, one => one != reader);
        }

        reader.End();
    }

    /// <summary>Shows a refused request to those who want to see it.</summary>
    public void Publish(string refusal)
    {
        var message = Encoding.UTF8.GetBytes($"event: {Refused}\ndata: {refusal}\n\n");
        lock (_lock)
        {
            foreach (var reader in _readers)
            {
                if (reader.Filter.TakesRefusals && reader.HasTurn())
                {
                    Offer(reader, message);
                }
            }
        }
    }

    /// <summary>Ends every reader; nobody can join any more.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closing.Cancel();
            foreach (var reader in _readers)
            {
                reader.End();
            }

            _readers = [];
        }
    }

    /// <summary>Closes, and waits until the journal is no longer read.</summary>
    public async ValueTask DisposeAsync()
    {
        Close();
        await _pump;
        _closing.Dispose();
    }

    private async Task PumpAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            var batch = new RecordBatch();
            var message = new ArrayBufferWriter<byte>(1_024);
            var reader = _journal.OpenReader(Now());
            try
            {
                var secondBegan = _time.GetTimestamp();
                while (IsRead)
                {
                    await Task.Delay(Pause, _time, _closing.Token);
                    reader.Read(batch, LooksMax, BatchBytesMax);
                    Show(batch, message);
                    var behind = _journal.CommittedSequence - batch.End.Sequence;
                    if (behind > LooksMax)
                    {
                        reader.Dispose();
                        reader = _journal.OpenReader(Now());
                        Skip(behind);
                    }

                    if (_time.GetElapsedTime(secondBegan) >= Second)
                    {
                        secondBegan = _time.GetTimestamp();
                        TellSkipped();
                    }
                }
            }
            finally
            {
                reader.Dispose();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The service stops.
        }
        catch (Exception e)
        {
            _log.BackgroundFailed(e, "Reading events for /events/live");
            EndAll();
        }
    }

    private JournalCursor Now()
    {
        var status = _journal.Status;
        return new JournalCursor(status.CommittedAddress, status.CommittedSequence);
    }

    private void Show(RecordBatch batch, ArrayBufferWriter<byte> message)
    {
        lock (_lock)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                var json = batch.Payload(i).Span;
                byte[]? written = null;
                foreach (var reader in _readers)
                {
                    if (reader.Filter.Passes(json) && reader.HasTurn())
                    {
                        Offer(reader, written ??= Write(message, batch[i].Sequence, json));
                    }
                }
            }
        }
    }

    private void Skip(long count)
    {
        lock (_lock)
        {
            foreach (var reader in _readers)
            {
                reader.Skip(count);
            }
        }
    }

    private void TellSkipped()
    {
        lock (_lock)
        {
            foreach (var reader in _readers)
            {
                var (shown, skipped) = reader.NextSecond();
                if (skipped > 0)
                {
                    var text = string.Create(
                        CultureInfo.InvariantCulture,
                        $"event: sampled\ndata: {{\"shown\":{shown},\"skipped\":{skipped}}}\n\n"
                    );
                    Offer(reader, Encoding.UTF8.GetBytes(text));
                }
            }
        }
    }

    private void EndAll()
    {
        lock (_lock)
        {
            foreach (var reader in _readers)
            {
                reader.End();
            }

            _readers = [];
        }
    }

    private void Offer(LiveReader reader, byte[] message)
    {
        if (!reader.Offer(message))
        {
            Interlocked.Increment(ref _dropped);
            _readers = Array.FindAll(_readers, one => one != reader);
        }
    }

    private static byte[] Write(ArrayBufferWriter<byte> message, long sequence, ReadOnlySpan<byte> json)
    {
        message.ResetWrittenCount();
        message.Write(
            Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {sequence}\nevent: event\ndata: "))
        );
        var separator = "{\""u8;
        var members = new MemberScanner(json);
        while (members.Next())
        {
            if (IsShown(members.Name))
            {
                message.Write(separator);
                message.Write(members.Name);
                message.Write("\":"u8);
                message.Write(members.Value);
                separator = ",\""u8;
            }
        }

        message.Write("}\n\n"u8);
        return message.WrittenSpan.ToArray();
    }

    private static bool IsShown(ReadOnlySpan<byte> name)
    {
        foreach (var member in Shown)
        {
            if (member.Is(name))
            {
                return true;
            }
        }

        return false;
    }
}
