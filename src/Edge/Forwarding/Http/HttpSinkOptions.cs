namespace Edge.Forwarding.Http;

/// <summary>How the events of a batch stand in a body.</summary>
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

    /// <summary>Instead of the format's own; empty is that.</summary>
    public string ContentType { get; init; } = "";
    public bool Compresses { get; init; } = true;
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Keys of the signature, the new one first; empty signs nothing.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];
}
