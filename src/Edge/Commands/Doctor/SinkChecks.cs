using System.Net.Sockets;
using Edge.Forwarding;
using Edge.Forwarding.ClickHouse;
using Edge.Forwarding.Postgres;
using Edge.Hosting;
using Edge.Postgres;
using Edge.Settings;
using Edge.Storage;

namespace Edge.Commands.Doctor;

/// <summary>Whether the destinations of events can be reached from here, as their settings say.</summary>
internal sealed class SinkChecks(EdgeOptions options, TimeProvider time, Findings findings)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    public async Task RunAsync(CancellationToken cancellation)
    {
        foreach (var sink in options.Sinks)
        {
            // Whether the origin takes events, the check of the origin says.
            if (sink is { Enabled: true, IsOrigin: false })
            {
                await findings.LookAsync(
                    $"sink {sink.Name}",
                    subject => CheckAsync(sink, subject, cancellation),
                    cancellation
                );
            }
        }
    }

    private async Task CheckAsync(SinkOptions sink, string subject, CancellationToken cancellation)
    {
        if (sink.PasswordFile.Length > 0 && SettingValue.OfFile(sink.PasswordFile, out _) is { } unreadable)
        {
            findings.Fail(
                subject,
                $"passwordFile '{sink.PasswordFile}' {unreadable}",
                "let the user of the service read it, and run edge doctor as that user"
            );
            return;
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(Deadline);
        string? problem;
        try
        {
            problem = await ProblemOfAsync(sink, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            problem = $"gave no answer within {Deadline.TotalSeconds} s";
        }

        if (problem is null)
        {
            findings.Ok(
                subject,
                sink.Type switch
                {
                    SinkType.File => "can be written",
                    SinkType.Stdout => "is on this machine",
                    _ => "can be reached",
                }
            );
        }
        else
        {
            findings.Fail(subject, problem, "events are kept in the journal meanwhile; edge sink status shows how many");
        }
    }

    private Task<string?> ProblemOfAsync(SinkOptions sink, CancellationToken cancellation) =>
        sink.Type switch
        {
            SinkType.File => Task.FromResult(DirectoryProbe.ProblemOf(options.DirectoryOf(sink), out _)),
            SinkType.ClickHouse => ProblemOfClickHouseAsync(sink, cancellation),
            SinkType.Postgres => ProblemOfPostgresAsync(sink, cancellation),
            SinkType.Http => ProblemOfHttpAsync(new Uri(sink.Url), cancellation),
            SinkType.Kafka when SinkFactory.AskKafka(sink) is { } asked => ProblemOfKafkaAsync(asked, cancellation),
            _ => Task.FromResult<string?>(null),
        };

    private async Task<string?> ProblemOfClickHouseAsync(SinkOptions sink, CancellationToken cancellation)
    {
        using var client = new ClickHouseClient(SinkFactory.ClickHouseOptions(sink), time);
        return (await client.AskAsync(cancellation)).Problem ?? await client.LookForTableAsync(cancellation);
    }

    private static async Task<string?> ProblemOfPostgresAsync(SinkOptions sink, CancellationToken cancellation)
    {
        var postgres = SinkFactory.PostgresOptions(sink);
        try
        {
            using var session = await PostgresSession.ConnectAsync(postgres, cancellation);
            return await session.PrepareAsync(cancellation);
        }
        catch (Exception e) when (PostgresFailure.IsExpected(e))
        {
            return PostgresFailure.Describe(e, PostgresConnection.Place(postgres.Connection));
        }
    }

    private static async Task<string?> ProblemOfKafkaAsync(Task<SinkSetup> asked, CancellationToken cancellation) =>
        (await asked.WaitAsync(cancellation)).Problem;

    /// <summary>Connects and sends nothing: what the destination makes of a request is its own.</summary>
    private static async Task<string?> ProblemOfHttpAsync(Uri url, CancellationToken cancellation)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(url.IdnHost, url.Port, cancellation);
            return null;
        }
        catch (SocketException e)
        {
            return $"{url.Authority} cannot be reached: {e.Message}";
        }
    }
}
