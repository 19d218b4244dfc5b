using Edge.Journal.Records;
using Edge.Postgres;

namespace Edge.Forwarding.Postgres;

/// <summary>
/// Events as rows of a PostgreSQL table, each once: a batch is copied into a staging table and from there into the
/// table, which skips events whose id it already has, all in one transaction. So a batch whose commit is in doubt is
/// simply sent again. <c>edge sink init</c> creates the table; the sink fills the columns it knows and the table has.
/// </summary>
/// <remarks>
/// A delivered batch is on the server's disk, so there is nothing to flush. Every failure is a result for the pump. A
/// server that cannot store a batch within the time limit of one statement gets it in smaller transactions, because the
/// same batch would only time out again; the part that is stored by then is skipped when it is sent again. When the
/// pump has to end while the server does not answer, the sink abandons the transaction at once: whether it was
/// committed does not matter. Used by the pump's thread.
/// </remarks>
internal sealed class PostgresSink(PostgresSinkOptions options) : ISink
{
    /// <summary>Time beyond the limit of one statement after which the connection counts as dead.</summary>
    private static readonly TimeSpan AnswerMargin = TimeSpan.FromSeconds(5);

    private readonly string _place = PostgresConnection.Place(options.Connection);
    private PostgresSession? _session;
    private int _eventsPerTransaction = int.MaxValue;

    /// <summary>Connects, so that a wrong password is reported before the first event.</summary>
    public async Task<DeliveryResult> ResumeAsync(UInt128 journalEpochId, JournalCursor from) => await ConnectAsync();

    public Task<DeliveryResult> DeliverAsync(RecordBatch batch, CancellationToken cancellation) =>
        DeliverAsync(batch).WaitAsync(cancellation);

    public Task<DeliveryResult> FlushAsync(JournalCursor upTo) => Task.FromResult(DeliveryResult.Delivered);

    public void Dispose() => Disconnect();

    private async Task<DeliveryResult> DeliverAsync(RecordBatch batch)
    {
        // An idle connection may have been closed without any fault; that costs one more attempt, not an error.
        var wasIdle = _session is not null;
        var result = await TryDeliverAsync(batch).ConfigureAwait(false);
        return result.Outcome == DeliveryOutcome.Retry && wasIdle && _session is null
            ? await TryDeliverAsync(batch).ConfigureAwait(false)
            : result;
    }

    private async Task<DeliveryResult> TryDeliverAsync(RecordBatch batch)
    {
        if (await ConnectAsync().ConfigureAwait(false) is { IsDelivered: false } failed)
        {
            return failed;
        }

        var count = 0;
        try
        {
            for (var first = 0; first < batch.Count; first += count)
            {
                count = Math.Min(_eventsPerTransaction, batch.Count - first);
                using var deadline = new CancellationTokenSource(
                    TimeSpan.FromMilliseconds(options.StatementTimeoutMs) + AnswerMargin
                );
                await _session!.WriteAsync(batch, first, count, deadline.Token).ConfigureAwait(false);
            }

            _eventsPerTransaction = (int)Math.Min(2L * _eventsPerTransaction, int.MaxValue);
            return DeliveryResult.Delivered;
        }
        catch (Exception e) when (PostgresFailure.IsExpected(e))
        {
            var reason = PostgresFailure.Describe(e, _place);
            if (PostgresFailure.IsSlowness(e))
            {
                _eventsPerTransaction = Math.Max(1, count / 2);
            }

            if (!_session!.IsUsable || !PostgresFailure.IsAboutData(e))
            {
                Disconnect();
            }

            return PostgresFailure.IsAboutData(e) ? DeliveryResult.Refused(reason) : DeliveryResult.Retry(reason);
        }
    }

    private async Task<DeliveryResult> ConnectAsync()
    {
        if (_session is not null)
        {
            return DeliveryResult.Delivered;
        }

        using var deadline = new CancellationTokenSource(
            TimeSpan.FromMilliseconds(options.ConnectTimeoutMs) + AnswerMargin
        );
        PostgresSession? session = null;
        try
        {
            session = await PostgresSession.ConnectAsync(options, deadline.Token).ConfigureAwait(false);
            if (await session.PrepareAsync(deadline.Token).ConfigureAwait(false) is { } problem)
            {
                session.Dispose();
                return DeliveryResult.Retry($"{problem} ({_place})");
            }

            _session = session;
            return DeliveryResult.Delivered;
        }
        catch (Exception e) when (PostgresFailure.IsExpected(e))
        {
            session?.Dispose();
            return DeliveryResult.Retry(PostgresFailure.Describe(e, _place));
        }
    }

    private void Disconnect()
    {
        _session?.Dispose();
        _session = null;
    }
}

/// <summary>Every setting of one PostgreSQL sink. Times are milliseconds.</summary>
internal sealed record PostgresSinkOptions
{
    /// <summary>
    /// Host, port, database, user, TLS as an Npgsql connection string: <c>Host=db;Database=edge;SSL
    /// Mode=VerifyFull</c>.
    /// </summary>
    public required string Connection { get; init; }

    /// <summary>Password outside the connection string; empty is none.</summary>
    public string Password { get; init; } = "";

    /// <summary>
    /// File with the password, read at every connect, so that it can change without a restart; empty is none.
    /// </summary>
    public string PasswordFile { get; init; } = "";

    /// <summary>The table, with its schema or without.</summary>
    public string Table { get; init; } = "edge_events";

    /// <summary>
    /// Longest time a connect may take. 1000 to 60000, whole seconds.
    /// </summary>
    public int ConnectTimeoutMs { get; init; } = 5_000;

    /// <summary>Longest time the server may take for one statement, including waits for locks. 100 to 600000.</summary>
    public int StatementTimeoutMs { get; init; } = 30_000;
}
