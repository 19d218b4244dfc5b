using System.Buffers;
using System.Globalization;
using Edge.Forwarding.Pump;
using Edge.Journal.Records;

namespace Edge.Forwarding.Http;

/// <summary>
/// Posts batches to an HTTP server, at least once and in order: a batch counts as taken when the server has answered
/// 2xx, and until then the same batch is sent again with the same <c>Edge-Batch</c> header and the same bytes.
/// </summary>
internal sealed class HttpSink(HttpSinkOptions options, TimeProvider time) : ISink
{
    /// <summary>Identity of the batch, see <see cref="BatchId"/>.</summary>
    public const string BatchHeader = "Edge-Batch";

    /// <summary>Number of events in the batch.</summary>
    public const string CountHeader = "Edge-Batch-Events";

    /// <summary>A Kafka REST proxy answers about sixty bytes per event.</summary>
    private const int KafkaResponseMaxBytes = 8 << 20;

    private readonly HttpTransport _transport = new(
        options.Format == BodyFormat.KafkaRest
            ? options.Transport with
            {
                ResponseMaxBytes = KafkaResponseMaxBytes,
            }
            : options.Transport,
        time
    );
    private readonly BatchBody _body = new();
    private readonly ArrayBufferWriter<byte> _joined = new();
    private UInt128 _epochId;

    public bool WantsSameBatches => true;

    public Task<DeliveryResult> ResumeAsync(UInt128 journalEpochId, JournalCursor from)
    {
        _epochId = journalEpochId;
        return Task.FromResult(DeliveryResult.Delivered);
    }

    public async Task<DeliveryResult> DeliverAsync(RecordBatch batch, CancellationToken cancellation)
    {
        _body.Fill(options.Format == BodyFormat.Ndjson ? batch.Bytes.Span : Joined(batch), options.Compresses);
        using var request = new HttpRequestMessage(HttpMethod.Post, options.Url)
        {
            Content = _body.ToContent(ContentType(), options.Compresses),
        };
        request.Headers.Add(BatchHeader, BatchId.Of(_epochId, batch));
        request.Headers.Add(CountHeader, batch.Count.ToString(CultureInfo.InvariantCulture));
        foreach (var (name, value) in options.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (options.Secrets.Count > 0)
        {
            request.Headers.Add(
                BodySignature.HeaderName,
                BodySignature.Of(options.Secrets, time.GetUtcNow(), _body.Bytes.Span)
            );
        }

        var response = await _transport.SendAsync(request, cancellation);
        if (response.Failure is not null)
        {
            _body.Abandon();
        }

        if (options.IsOrigin)
        {
            return OriginResponseClassifier.Classify(response, options.Url.Authority, options.RefusedStatuses, batch.Count);
        }

        return options.Format == BodyFormat.KafkaRest
            ? KafkaRestResponseClassifier.Classify(response, options.Url.Authority, options.RefusedStatuses)
            : HttpResponseClassifier.Classify(response, options.Url.Authority, options.RefusedStatuses);
    }

    /// <summary>Nothing to do: a batch is the server's from its 2xx on.</summary>
    public Task<DeliveryResult> FlushAsync(JournalCursor upTo) => Task.FromResult(DeliveryResult.Delivered);

    public void Dispose()
    {
        _transport.Dispose();
        _body.Dispose();
    }

    private string ContentType()
    {
        if (options.ContentType.Length > 0)
        {
            return options.ContentType;
        }

        return options.Format switch
        {
            BodyFormat.Ndjson => "application/x-ndjson",
            BodyFormat.KafkaRest => "application/vnd.kafka.json.v2+json",
            _ => "application/json",
        };
    }

    private ReadOnlySpan<byte> Joined(RecordBatch batch)
    {
        var isKafka = options.Format == BodyFormat.KafkaRest;
        var before = isKafka ? "{\"records\":[{\"value\":"u8 : "["u8;
        _joined.ResetWrittenCount();
        for (var index = 0; index < batch.Count; index++)
        {
            _joined.Write(before);
            _joined.Write(batch.Payload(index).Span);
            before = isKafka ? "},{\"value\":"u8 : ","u8;
        }

        _joined.Write(isKafka ? "}]}"u8 : "]"u8);
        return _joined.WrittenSpan;
    }
}

/// <summary>The format of a request body.</summary>
internal enum BodyFormat
{
    /// <summary>One event per line (<c>application/x-ndjson</c>).</summary>
    Ndjson,

    /// <summary>One array (<c>application/json</c>).</summary>
    Json,

    /// <summary>
    /// What Kafka REST proxies take, version 2 of Confluent's interface: <c>{"records":[{"value":EVENT},...]}</c>
    /// (<c>application/vnd.kafka.json.v2+json</c>).
    /// </summary>
    KafkaRest,
}

/// <summary>Every setting of an HTTP sink.</summary>
internal sealed record HttpSinkOptions
{
    public required Uri Url { get; init; }
    public required HttpTransportOptions Transport { get; init; }
    public BodyFormat Format { get; init; }

    /// <summary>Replaces the content type of the format; empty keeps it.</summary>
    public string ContentType { get; init; } = "";
    public bool Compresses { get; init; } = true;
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Statuses of a response that are about the events.</summary>
    public int[] RefusedStatuses { get; init; } = HttpResponseClassifier.DefaultRefusedStatuses;

    /// <summary>Whether the server is the origin of this edge's fleet, which counts what it takes.</summary>
    public bool IsOrigin { get; init; }

    /// <summary>Keys of the signature, the newer one first; without keys nothing is signed.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];
}
