using Edge.Forwarding;
using static Edge.Settings.Setting<Edge.Forwarding.SinkOptions>;

namespace Edge.Settings.Sinks;

/// <summary>
/// The settings of sinks of type <c>kafka</c>. Every build knows them, so that one schema describes all.
/// </summary>
internal static class KafkaSinkSettings
{
    private const int TopicMaxChars = 249;
    private const int PortMax = 65_535;

    public static IEnumerable<SinkSetting> All() =>
        [
            new(
                SinkType.Kafka,
                List(
                    "brokers",
                    "Brokers to begin with, as host:port; they name the others. Required.",
                    o => o.Brokers,
                    (o, v) => o.Brokers = v,
                    BrokerProblem
                )
            ),
            new(
                SinkType.Kafka,
                Text(
                    "topic",
                    "Topic of the events; it has to be there.",
                    o => o.Topic,
                    (o, v) => o.Topic = v,
                    TopicProblem
                )
            ),
            new(
                SinkType.Kafka,
                Choice(
                    "key",
                    "Key of the messages: unit (unit_hash), experiment (experiment_uid) or none. An event without that member has no key.",
                    o => o.Key,
                    (o, v) => o.Key = v
                )
            ),
            new(
                SinkType.Kafka,
                Choice(
                    "compression",
                    "Compression of what goes to a broker: none, gzip, snappy, lz4 or zstd.",
                    o => o.Compression,
                    (o, v) => o.Compression = v
                )
            ),
            new(
                SinkType.Kafka,
                Number(
                    "maxMessageBytes",
                    1_000,
                    64 << 20,
                    "Maximum size of a message, bytes; a larger event becomes a dead letter. The topic's max.message.bytes must allow it.",
                    o => o.MaxMessageBytes,
                    (o, v) => o.MaxMessageBytes = (int)v
                )
            ),
            new(SinkType.Kafka, Flag("tls", "Connect over TLS.", o => o.Tls, (o, v) => o.Tls = v)),
            new(
                SinkType.Kafka,
                Text(
                    "caFile",
                    "File with the certificate authorities of the brokers, PEM; if empty, those of the system.",
                    o => o.CaFile,
                    (o, v) => o.CaFile = v
                )
            ),
            new(
                SinkType.Kafka,
                Text(
                    "certificateFile",
                    "File with the certificate that the brokers know this client by, PEM; if empty, none.",
                    o => o.CertificateFile,
                    (o, v) => o.CertificateFile = v
                )
            ),
            new(
                SinkType.Kafka,
                Text(
                    "keyFile",
                    "File with the key of that certificate, PEM, without a passphrase.",
                    o => o.KeyFile,
                    (o, v) => o.KeyFile = v
                )
            ),
            new(
                SinkType.Kafka,
                Choice(
                    "sasl",
                    "How the user is proven: none, plain, scramSha256 or scramSha512.",
                    o => o.Sasl,
                    (o, v) => o.Sasl = v
                )
            ),
            new(
                SinkType.Kafka,
                Text("saslUser", "User name on the brokers, with sasl.", o => o.SaslUser, (o, v) => o.SaslUser = v)
            ),
        ];

    /// <summary>
    /// What is wrong with a broker; null when nothing is. The text may be a URL with a password, so it is not repeated.
    /// </summary>
    private static string? BrokerProblem(string text)
    {
        var colon = text.LastIndexOf(':');
        var isBroker =
            colon > 0
            && text.AsSpan(colon + 1).IndexOfAnyExceptInRange('0', '9') < 0
            && int.TryParse(text.AsSpan(colon + 1), out var port)
            && port is > 0 and <= PortMax
            && IsHost(text[..colon]);
        return isBroker ? null : "must be brokers as host:port, such as kafka-1.example:9092";
    }

    /// <summary>A name, an IPv4 address, or an IPv6 address in brackets.</summary>
    private static bool IsHost(string text) =>
        text is ['[', .. var inner, ']']
            ? Uri.CheckHostName(inner) == UriHostNameType.IPv6
            : Uri.CheckHostName(text) is UriHostNameType.Dns or UriHostNameType.IPv4;

    private static string? TopicProblem(string text) =>
        text.Length is > 0 and <= TopicMaxChars
        && text is not ("." or "..")
        && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
            ? null
            : $"must be a topic: 1 to {TopicMaxChars} letters, digits, full stops, underscores and hyphens";
}
