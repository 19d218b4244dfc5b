using System.Buffers;
using System.Globalization;
using Edge.Forwarding.Pump;
using Edge.Journal.Records;

namespace Edge.Forwarding.Http;

/// <summary>
/// Posts batches to an HTTP server. At least once and in order: a batch counts as taken when the server has answered
/// 2xx, and until then the same batch comes again with the same <c>Edge-Batch</c> header and the same bytes inside.
/// </summary>
internal sealed class HttpSink(HttpSinkOptions options, TimeProvider time) : ISink
{
    /// <summary>Identity of the batch, see <see cref="BatchId"/>.</summary>
    public const string BatchHeader = "Edge-Batch";

    /// <summary>How many events are in it.</summary>
    public const string CountHeader = "Edge-Batch-Events";

    /// <summary>A Kafka REST proxy answers some sixty bytes for each event.</summary>
    private const int KafkaAnswerMaxBytes = 8 << 20;

    private readonly HttpTransport _transport = new(
        options.Format == BodyFormat.KafkaRest
            ? options.Transport with
            {
                AnswerMaxBytes = KafkaAnswerMaxBytes,
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

        var answer = await _transport.SendAsync(request, cancellation);
        if (answer.Failure is not null)
        {
            _body.Abandon();
        }

        return options.Format == BodyFormat.KafkaRest
            ? KafkaRestVerdict.Of(answer, options.Url.Authority)
            : HttpVerdict.Of(answer, options.Url.Authority);
    }

    /// <summary>Durability is the server's: it said so with its answer.</summary>
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
