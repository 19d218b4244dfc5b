using Edge.Forwarding;
using Edge.Forwarding.Configuration;
using Edge.Forwarding.Postgres;

namespace Edge.Hosting;

/// <summary>Makes a sink of its settings, for the service and for the commands that deliver by themselves.</summary>
internal static class SinkMaker
{
    public static ISink Make(SinkOptions sink, EdgeOptions options, TimeProvider time) => sink.Type switch
    {
        SinkType.File => new FileSink(
            new FileSinkOptions { Directory = DirectoryOf(sink, options), MaxFileBytes = sink.MaxFileBytes }, time),
        SinkType.Postgres => new PostgresSink(PostgresOptions(sink)),
        SinkType.Stdout => new StdoutSink(StdoutSink.StandardOutput()),
        _ => throw new InvalidOperationException($"no sink is made for type {sink.Type}"),
    };

    public static PostgresSinkOptions PostgresOptions(SinkOptions sink) => new()
    {
        Connection = sink.Connection,
        Password = sink.Password,
        PasswordFile = sink.PasswordFile,
        Table = sink.Table,
        ConnectTimeoutMs = sink.ConnectTimeoutMs,
        StatementTimeoutMs = sink.StatementTimeoutMs,
    };

    private static string DirectoryOf(SinkOptions sink, EdgeOptions options)
    {
        if (sink.Directory.Length > 0)
        {
            return sink.Directory;
        }

        return sink.Name == SinkConfiguration.DefaultName ? options.ForwardedDir : Path.Combine(options.ForwardedDir, sink.Name);
    }
}
