using Edge.Forwarding;
using Edge.Forwarding.Kafka;

namespace Edge.Hosting;

/// <summary>The Kafka build's half of <see cref="SinkFactory"/>.</summary>
internal static partial class SinkFactory
{
    static partial void AskKafka(SinkOptions sink, ref Task<SinkSetup>? asked) => asked = KafkaSetup.RunAsync(KafkaOptions(sink));

    static partial void CreateKafka(SinkOptions sink, TimeProvider time, ref ISink? created) =>
        created = new KafkaSink(KafkaOptions(sink), time);

    private static KafkaSinkOptions KafkaOptions(SinkOptions sink) =>
        new()
        {
            Brokers = string.Join(',', sink.Brokers),
            Topic = sink.Topic,
            Key = sink.Key,
            Compression = sink.Compression,
            MaxMessageBytes = sink.MaxMessageBytes,
            BatchMaxEvents = sink.BatchMaxEvents,
            BatchMaxBytes = sink.BatchMaxBytes,
            Tls = sink.Tls,
            CaFile = sink.CaFile,
            CertificateFile = sink.CertificateFile,
            KeyFile = sink.KeyFile,
            Sasl = sink.Sasl,
            SaslUser = sink.SaslUser,
            Password = sink.Password,
            PasswordFile = sink.PasswordFile,
            ConnectTimeoutMs = sink.ConnectTimeoutMs,
            RequestTimeoutMs = sink.RequestTimeoutMs,
            RetryCeilingMs = sink.RetryCeilingMs,
        };
}
