using Edge.Forwarding.Http;
using Edge.Forwarding.Pump;
using Edge.Journal.Records;

namespace Edge.Forwarding.ClickHouse;

/// <summary>
/// Inserts batches into one table over HTTP, one at a time, and counts a batch as taken when the server has finished
/// the insert. A retry sends the same batch: servers that know insert tokens drop it, and on every server the table
/// merges rows with the same id into one (<see cref="ClickHouseSchema"/>).
/// </summary>
internal sealed class ClickHouseSink(ClickHouseSinkOptions options, TimeProvider time) : ISink
{
    private static readonly TimeSpan AskDeadline = TimeSpan.FromSeconds(5);

    private readonly ClickHouseClient _client = new(options, time);
    private readonly ClickHouseRows _rows = new();
    private readonly BatchBody _body = new();
    private readonly string _insert = InsertOf(options);
    private ClickHouseVersion? _server;
    private UInt128 _epochId;

    public bool WantsSameBatches => true;

    /// <summary>Checks the server and the table, so that a wrong setting is reported before the first event.</summary>
    public async Task<DeliveryResult> ResumeAsync(UInt128 journalEpochId, JournalCursor from)
    {
        _epochId = journalEpochId;
        using var deadline = new CancellationTokenSource(AskDeadline);
        try
        {
            (_server, var problem) = await _client.AskAsync(deadline.Token);
            if (_server is null)
            {
                return DeliveryResult.Retry(problem!);
            }

            return await _client.LookForTableAsync(deadline.Token) is { } missing
                ? DeliveryResult.Retry(missing)
                : DeliveryResult.Delivered;
        }
        catch (OperationCanceledException)
        {
            return DeliveryResult.Retry($"{_client.Place} did not answer within {AskDeadline.TotalSeconds} s");
        }
    }

    public async Task<DeliveryResult> DeliverAsync(RecordBatch batch, CancellationToken cancellation)
    {
        if (_server is null)
        {
            (_server, var problem) = await _client.AskAsync(cancellation);
            if (_server is null)
            {
                return DeliveryResult.Retry(problem!);
            }
        }

        _body.Fill(_rows.Of(batch), options.Compresses);
        var query = _server.HasTokens ? $"{_insert}&insert_deduplication_token={BatchId.Of(_epochId, batch)}" : _insert;
        var response = await _client.SendAsync(
            query,
            _body.ToContent("application/x-ndjson", options.Compresses),
            cancellation
        );
        if (response.Failure is not null)
        {
            // The server may have been upgraded by the next time.
            _server = null;
            _body.Abandon();
        }

        return ClickHouseResponseClassifier.Classify(response, options);
    }

    /// <summary>Nothing to do: the insert was complete when the server answered.</summary>
    public Task<DeliveryResult> FlushAsync(JournalCursor upTo) => Task.FromResult(DeliveryResult.Delivered);

    public void Dispose()
    {
        _client.Dispose();
        _body.Dispose();
    }

    /// <summary>
    /// The statement and its settings. Unknown members of later event versions are skipped; the server responds after
    /// the insert, so that no error can follow a success status.
    /// </summary>
    private static string InsertOf(ClickHouseSinkOptions options)
    {
        var statement = $"INSERT INTO {ClickHouseTable.Of(options.Table).Sql} FORMAT JSONEachRow";
        return $"query={Uri.EscapeDataString(statement)}&wait_end_of_query=1&input_format_skip_unknown_fields=1"
            + "&date_time_input_format=best_effort";
    }
}

/// <summary>Every setting of a ClickHouse sink.</summary>
internal sealed record ClickHouseSinkOptions
{
    /// <summary>The sink's name, for messages.</summary>
    public required string SinkName { get; init; }

    /// <summary>The HTTP interface.</summary>
    public required Uri Url { get; init; }
    public required HttpTransportOptions Transport { get; init; }

    /// <summary><c>table</c> or <c>database.table</c>.</summary>
    public string Table { get; init; } = "edge_events";
    public string User { get; init; } = "default";
    public string Password { get; init; } = "";

    /// <summary>Read for every batch when set, so that a changed password needs no restart.</summary>
    public string PasswordFile { get; init; } = "";
    public bool Compresses { get; init; } = true;

    /// <summary>Whether experiments are counted from it (<see cref="ClickHouseTallyTables"/>).</summary>
    public bool CountsExperiments { get; init; }
}
