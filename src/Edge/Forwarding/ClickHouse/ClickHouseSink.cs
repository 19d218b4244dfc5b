using Edge.Forwarding.Http;
using Edge.Forwarding.Pump;
using Edge.Journal.Records;

namespace Edge.Forwarding.ClickHouse;

/// <summary>
/// Inserts batches into one table over HTTP, one at a time, and counts a batch as taken when the server has finished
/// the insert. A repeated batch is the same batch: servers that know insert tokens drop it, and on every server the
/// table merges rows with the same id into one (<see cref="ClickHouseSchema"/>). Failures are answers in words.
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

    /// <summary>Asks for the server and the table, so that a wrong setting is known before there is an event.</summary>
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

            var answer = await _client.ExecuteAsync(
                $"EXISTS TABLE {ClickHouseTable.Of(options.Table).Sql} FORMAT TSV",
                deadline.Token
            );
            return answer.IsSuccess && answer.Body.TrimEnd('\n') == "0"
                ? DeliveryResult.Retry(
                    $"{_client.Place} has no table {options.Table}; make it with edge sink init {options.SinkName}"
                )
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
        var answer = await _client.SendAsync(
            query,
            _body.ToContent("application/x-ndjson", options.Compresses),
            cancellation
        );
        if (answer.Failure is not null)
        {
            // It may be another server the next time, after an upgrade.
            _server = null;
            _body.Abandon();
        }

        return ClickHouseVerdict.Of(answer, options);
    }

    /// <summary>Durability is the server's: the insert was finished when it answered.</summary>
    public Task<DeliveryResult> FlushAsync(JournalCursor upTo) => Task.FromResult(DeliveryResult.Delivered);

    public void Dispose()
    {
        _client.Dispose();
        _body.Dispose();
    }

    /// <summary>
    /// The statement and its settings. Unknown members of later event versions are skipped; the answer waits for the
    /// end of the insert, so a success cannot precede an error.
    /// </summary>
    private static string InsertOf(ClickHouseSinkOptions options)
    {
        var statement = $"INSERT INTO {ClickHouseTable.Of(options.Table).Sql} FORMAT JSONEachRow";
        return $"query={Uri.EscapeDataString(statement)}&wait_end_of_query=1&input_format_skip_unknown_fields=1"
            + "&date_time_input_format=best_effort";
    }
}
