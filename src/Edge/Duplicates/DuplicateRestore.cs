using System.Text.Json;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Telemetry;

namespace Edge.Duplicates;

/// <summary>
/// Fills the duplicate window with the ids of the events the journal still holds, while the service is already
/// answering: pixels do not wait for it, requests with ids do. Thread safe.
/// </summary>
/// <param name="journal">The journal.</param>
/// <param name="window">The window.</param>
/// <param name="isOfFleet">Whether the events came from other nodes, whose own ids tell them apart, and not from senders.</param>
/// <param name="waitMs">Longest wait of a request.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where failures are reported.</param>
internal sealed class DuplicateRestore(
    EventJournal journal,
    DuplicateWindow window,
    bool isOfFleet,
    int waitMs,
    TimeProvider time,
    ILogger log
)
{
    private const int BatchRecords = 1_000;
    private const int BatchBytes = 1 << 20;

    /// <summary>
    /// Longest project, environment or id that is restored, bytes; longer ones are not recognised after a restart.
    /// </summary>
    private const int TextBytesMax = 4_096;


    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Starts restoring; called once. Ends early when the journal cannot be read, which the pumps report.
    /// </summary>
    public void Start() => _ = Task.Run(Run);

    /// <summary>
    /// Completes with true once it is done; with false when that takes longer than a request may wait.
    /// </summary>
    public ValueTask<bool> WaitAsync() => IsDone ? new(true) : new(WaitLongAsync());

    /// <summary>Whether it is done.</summary>
    public bool IsDone => _done.Task.IsCompleted;

    /// <summary>Completes when it is done.</summary>
    public Task Done => _done.Task;

    private async Task<bool> WaitLongAsync()
    {
        try
        {
            await _done.Task.WaitAsync(TimeSpan.FromMilliseconds(waitMs), time);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void Run()
    {
        try
        {
            ReadAll();
        }
        catch (Exception e) when (e is JournalException or ObjectDisposedException or OperationCanceledException)
        {
            // The pumps read the same journal and report what is wrong with it; ids of unread events count as new.
        }
        catch (Exception e)
        {
            log.BackgroundFailed(e, "Reading the ids of earlier events");
        }
        finally
        {
            _done.SetResult();
        }
    }

    private void ReadAll()
    {
        var end = journal.CommittedSequence;
        var oldest = (time.GetUtcNow() - Kept).ToUnixTimeMilliseconds();
        using var reader = journal.OpenReader(default);
        var batch = new RecordBatch();
        while (batch.End.Sequence < end)
        {
            if (reader.Read(batch, BatchRecords, BatchBytes) == 0 && batch.Missing == 0)
            {
                // Committed but not readable at the moment: the reader paces its own attempts.
                reader.WaitAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
                continue;
            }
            for (var i = 0; i < batch.Count; i++)
            {
                if (isOfFleet)
                {
                    // However old: an edge may send what it has kept for days.
                    window.Restore(window.HashOf(batch[i].Id), batch[i].Sequence);
                }
                else if (batch[i].Id.CreatedAtMs >= oldest)
                {
                    Restore(batch.Payload(i).Span, batch[i].Sequence);
                }
            }
        }
    }

    /// <summary>
    /// Reads the members that make an id unique; they come before <c>type</c>, so little of an event is parsed.
    /// </summary>
    private void Restore(ReadOnlySpan<byte> payload, long sequence)
    {
        Span<byte> id = stackalloc byte[TextBytesMax];
        Span<byte> api = stackalloc byte[TextBytesMax];
        Span<byte> project = stackalloc byte[TextBytesMax];
        Span<byte> environment = stackalloc byte[TextBytesMax];
        Span<byte> test = stackalloc byte[TextBytesMax];
        int idLength = 0,
            apiLength = 0,
            projectLength = 0,
            environmentLength = 0,
            testLength = 0;
        try
        {
            var reader = new Utf8JsonReader(payload);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName && !reader.ValueTextEquals("type"u8))
            {
                if (reader.ValueTextEquals("event_id"u8))
                {
                    idLength = ReadText(ref reader, id);
                }
                else if (reader.ValueTextEquals("api"u8))
                {
                    apiLength = ReadText(ref reader, api);
                }
                else if (reader.ValueTextEquals("project"u8))
                {
                    projectLength = ReadText(ref reader, project);
                }
                else if (reader.ValueTextEquals("environment"u8))
                {
                    environmentLength = ReadText(ref reader, environment);
                }
                else if (reader.ValueTextEquals("synthetic"u8))
                {
                    testLength = ReadText(ref reader, test);
                }
                else
                {
                    reader.Skip();
                }
            }
        }
        catch (JsonException)
        {
            return;
        }
        if (idLength == 0)
        {
            return;
        }

        var scope = new DuplicateScope(
            window.Hash,
            api[..apiLength],
            project[..projectLength],
            environment[..environmentLength],
            test[..testLength]
        );
        window.Restore(scope.HashOf(id[..idLength]), sequence);
    }

    private static int ReadText(ref Utf8JsonReader reader, scoped Span<byte> room) =>
        reader.Read() && reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= room.Length
            ? reader.CopyString(room)
            : 0;
}
