using System.Globalization;

namespace Edge.Forwarding.Kafka;

/// <summary>The settings of a sink in the words of the client library, librdkafka.</summary>
internal static class KafkaConfiguration
{
    /// <summary>What brokers and the library call the client.</summary>
    public const string ClientName = "edge";

    /// <summary>The library takes no longer one, milliseconds.</summary>
    private const int SocketTimeoutMaxMs = 300_000;

    /// <summary>How long the library waits for more messages before it sends the first, milliseconds.</summary>
    private const int LingerMs = 5;

    private const int ReconnectMinMs = 100;

    /// <summary>How long a topic may be unknown before its messages fail, milliseconds; they are tried again.</summary>
    private const int UnknownTopicMs = 5_000;

    public static Dictionary<string, string> Of(KafkaSinkOptions options, string password)
    {
        var configuration = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["bootstrap.servers"] = options.Brokers,
            ["client.id"] = ClientName,
            ["acks"] = "all",
            ["enable.idempotence"] = "true",
            // Without end: a message that the library gave up could have been taken, and its successors would overtake it.
            ["message.timeout.ms"] = "0",
            ["message.max.bytes"] = Text(options.MaxMessageBytes),
            ["compression.type"] = Word(options.Compression.ToString()),
            // The one of Kafka's own clients, so that other producers put the same key into the same partition.
            ["partitioner"] = "murmur2_random",
            // One batch is all that is ever handed over; the defaults would take a gigabyte.
            ["queue.buffering.max.messages"] = Text(options.BatchMaxEvents),
            ["queue.buffering.max.kbytes"] = Text((Math.Max(options.BatchMaxBytes, options.MaxMessageBytes) >> 10) + 1),
            ["linger.ms"] = Text(LingerMs),
            ["request.timeout.ms"] = Text(options.RequestTimeoutMs),
            ["socket.timeout.ms"] = Text(Math.Min(options.RequestTimeoutMs, SocketTimeoutMaxMs)),
            ["socket.connection.setup.timeout.ms"] = Text(options.ConnectTimeoutMs),
            ["socket.keepalive.enable"] = "true",
            ["reconnect.backoff.ms"] = Text(ReconnectMinMs),
            ["reconnect.backoff.max.ms"] = Text(options.RetryCeilingMs),
            ["topic.metadata.propagation.max.ms"] = Text(UnknownTopicMs),
            // Brokers close idle connections, which is no fault.
            ["log.connection.close"] = "false",
            // Nothing goes out that the operator did not ask for.
            ["enable.metrics.push"] = "false",
        };
        AddSecurity(configuration, options, password);
        return configuration;
    }

    private static void AddSecurity(Dictionary<string, string> configuration, KafkaSinkOptions options, string password)
    {
        var hasUser = options.Sasl != SaslMechanism.None;
        configuration["security.protocol"] = (options.Tls, hasUser) switch
        {
            (false, false) => "plaintext",
            (false, true) => "sasl_plaintext",
            (true, false) => "ssl",
            (true, true) => "sasl_ssl",
        };
        if (hasUser)
        {
            configuration["sasl.mechanism"] = options.Sasl switch
            {
                SaslMechanism.ScramSha256 => "SCRAM-SHA-256",
                SaslMechanism.ScramSha512 => "SCRAM-SHA-512",
                _ => "PLAIN",
            };
            configuration["sasl.username"] = options.SaslUser;
            configuration["sasl.password"] = password;
        }

        (string Name, string Path)[] files =
        [
            ("ssl.ca.location", options.CaFile),
            ("ssl.certificate.location", options.CertificateFile),
            ("ssl.key.location", options.KeyFile),
        ];
        foreach (var (name, path) in files)
        {
            if (path.Length > 0)
            {
                configuration[name] = path;
            }
        }
    }

    private static string Word(string name) => name.ToLowerInvariant();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
