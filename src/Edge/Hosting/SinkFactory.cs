using Edge.Forwarding;
using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.Files;
using Edge.Forwarding.Http;
using Edge.Forwarding.Postgres;
using Edge.Settings;
using Edge.Settings.Sinks;

namespace Edge.Hosting;

/// <summary>Creates a sink from its settings, for the service and for the commands that deliver events.</summary>
internal static partial class SinkFactory
{
    public static ISink Create(SinkOptions sink, EdgeOptions options, TimeProvider time) =>
        sink.Type switch
        {
            SinkType.File => new FileSink(
                new FileSinkOptions { Directory = options.DirectoryOf(sink), MaxFileBytes = sink.MaxFileBytes },
                time
            ),
            SinkType.Http => new HttpSink(HttpOptions(sink), time),
            SinkType.ClickHouse => new ClickHouseSink(ClickHouseOptions(sink), time),
            SinkType.Postgres => new PostgresSink(PostgresOptions(sink)),
            SinkType.Stdout => new StdoutSink(StdoutSink.StandardOutput()),
            SinkType.Kafka when CreateKafka(sink, time) is { } kafka => kafka,
            _ => throw new InvalidOperationException($"there is no sink of type {sink.Type}"),
        };

    public static PostgresSinkOptions PostgresOptions(SinkOptions sink) =>
        new()
        {
            Connection = sink.Connection,
            Password = sink.Password,
            PasswordFile = sink.PasswordFile,
            Table = sink.Table,
            ConnectTimeoutMs = sink.ConnectTimeoutMs,
            StatementTimeoutMs = sink.StatementTimeoutMs,
        };

    public static ClickHouseSinkOptions ClickHouseOptions(SinkOptions sink) =>
        new()
        {
            SinkName = sink.Name,
            Url = new Uri(sink.Url),
            Transport = TransportOptions(sink),
            Table = sink.Table,
            User = sink.User,
            Password = sink.Password,
            PasswordFile = sink.PasswordFile,
            Compresses = sink.Gzip,
        };

    /// <summary>Asks the cluster of a Kafka sink for its topic; null in a build without Kafka, which has no such sink.</summary>
    public static Task<SinkSetup>? AskKafka(SinkOptions sink)
    {
        Task<SinkSetup>? asked = null;
        AskKafka(sink, ref asked);
        return asked;
    }

    static partial void AskKafka(SinkOptions sink, ref Task<SinkSetup>? asked);

    static partial void CreateKafka(SinkOptions sink, TimeProvider time, ref ISink? created);

    private static ISink? CreateKafka(SinkOptions sink, TimeProvider time)
    {
        ISink? created = null;
        CreateKafka(sink, time, ref created);
        return created;
    }

    private static HttpSinkOptions HttpOptions(SinkOptions sink) =>
        new()
        {
            Url = new Uri(sink.Url),
            Transport = TransportOptions(sink),
            Format = sink.Format,
            ContentType = sink.ContentType,
            Compresses = sink.Gzip,
            Headers = sink.Headers,
            RefusedStatuses = sink.RefusedStatuses,
            IsOrigin = sink.IsOrigin,
            Secrets = Array.FindAll([sink.Secret, sink.SecretPrevious], static secret => secret.Length > 0),
        };

    private static HttpTransportOptions TransportOptions(SinkOptions sink) =>
        new()
        {
            AllowsPrivate = sink.AllowPrivate,
            AllowedNetworks = HttpSinkSettings.Networks(sink.AllowAddresses),
            ConnectTimeoutMs = sink.ConnectTimeoutMs,
            RequestTimeoutMs = sink.RequestTimeoutMs,
        };
}
