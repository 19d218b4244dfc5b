using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.KafkaTests;

/// <summary>
/// A data directory, a cluster with the topic, and a reader of it. The file sink stands beside the Kafka sink: its files
/// say which events there are.
/// </summary>
internal sealed class KafkaSite : IDisposable
{
    public const string Topic = "edge-events";
    public const int Partitions = 4;

    private readonly TempDirectory _directory = new();
    private int _sent;

    public KafkaSite()
    {
        Cluster.Create(Topic, Partitions);
        Reader = new TopicReader(Cluster.Bootstrap, Topic, Partitions);
    }

    /// <summary>The build with Kafka.</summary>
    public static string Binary
    {
        get
        {
            var named = Environment.GetEnvironmentVariable("EDGE_KAFKA_BINARY");
            var path = string.IsNullOrEmpty(named) ? Path.Combine(Repository.Root, "artifacts", "edge-kafka", "edge") : named;
            return File.Exists(path)
                ? path
                : throw new InvalidOperationException("needs the build with Kafka: run make publish KAFKA=1, or make test-kafka");
        }
    }

    public MockCluster Cluster { get; } = new();

    public TopicReader Reader { get; }

    public string DataDir => _directory["data"];

    /// <summary>The events there are, as the file sink has them.</summary>
    public string[] Stored => Forwarded.Lines(DataDir);

    /// <summary>The dead letters of the Kafka sink.</summary>
    public JsonElement[] DeadLetters =>
        Directory.Exists(DeadLetterDirectory)
            ?
            [
                .. Directory
                    .GetFiles(DeadLetterDirectory, "*.ndjson")
                    .SelectMany(Forwarded.ReadCompleteLines)
                    .Select(static line => JsonDocument.Parse(line).RootElement),
            ]
            : [];

    private string DeadLetterDirectory => Path.Combine(DataDir, "dead-letters", "kafka");

    public Task<EdgeProcess> StartAsync(params (string Name, string Value)[] settings) =>
        EdgeProcess.StartAsync(DataDir, ["--demo"], SettingsWith(settings), binary: Binary);

    /// <summary>Runs a command with the settings of the service.</summary>
    public Task<(int ExitCode, string Output, string Error)> RunAsync(
        string[] arguments,
        params (string Name, string Value)[] settings
    ) => EdgeProcess.RunAsync([.. arguments, "--data-dir", DataDir], SettingsWith(settings), binary: Binary);

    /// <summary>Holds the Kafka sink back, and waits until the service has noticed.</summary>
    public async Task PauseAsync(EdgeProcess edge)
    {
        var (code, _, error) = await RunAsync(["sink", "pause", "kafka"]);
        Assert.True(code == 0, error);
        await Wait.ForAsync(
            () => edge.Client.GetStringAsync("/metrics"),
            static page => page.Contains("edge_sink_state{sink=\"kafka\",state=\"paused\"} 1", StringComparison.Ordinal)
        );
    }

    public async Task ResumeAsync()
    {
        var (code, _, error) = await RunAsync(["sink", "resume", "kafka"]);
        Assert.True(code == 0, error);
    }

    /// <summary>Visits of as many readers, each answered and so on disk.</summary>
    public async Task SendAsync(EdgeProcess edge, int count, string referrer = "https://news.example/")
    {
        var first = Interlocked.Add(ref _sent, count) - count;
        await Parallel.ForEachAsync(
            Enumerable.Range(first, count),
            new ParallelOptions { MaxDegreeOfParallelism = 8 },
            async (number, cancellation) =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"/s/demo-ab/pixel.gif?u=reader-{number % 50}&n={number}");
                request.Headers.Referrer = new Uri(referrer);
                using var response = await edge.Client.SendAsync(request, cancellation);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }
        );
    }

    /// <summary>Waits until both sinks have everything, and the reader too.</summary>
    public async Task UntilForwardedAsync(EdgeProcess edge)
    {
        await edge.UntilForwardedAsync();
        await UntilAsync(edge, "edge_sink_pending", static pending => pending == 0);
        await UntilReadAsync();
    }

    /// <summary>Waits until the reader has every event that is not a dead letter.</summary>
    public async Task UntilReadAsync()
    {
        var expected = Stored.Select(IdOf).Except(DeadLetters.Select(static letter => letter.Text("id"))).ToHashSet();
        await Wait.UntilAsync(
            () => expected.IsSubsetOf(Reader.Messages.Select(static message => message.Id)),
            () => $"{Reader.Messages.Length} messages of {expected.Count} events"
        );
    }

    /// <summary>Waits for a value of a metric of the Kafka sink.</summary>
    public Task<double> UntilAsync(EdgeProcess edge, string metric, Predicate<double> reached) =>
        Wait.ForAsync(async () => Metric(await edge.Client.GetStringAsync("/metrics"), metric), reached, value => $"{metric} {value}");

    /// <summary>Every message is an event as it was stored, and every event there is, once or more often.</summary>
    public void AssertConserved()
    {
        var stored = Stored.ToDictionary(IdOf);
        var dead = DeadLetters.Select(static letter => letter.Text("id")).ToHashSet();
        var messages = Reader.Messages;
        Assert.All(
            messages,
            message =>
            {
                Assert.Equal(message.Id, IdOf(message.Value));
                Assert.Equal(stored[message.Id], message.Value);
            }
        );
        Assert.Empty(stored.Keys.Except(messages.Select(static message => message.Id)).Except(dead));
        Assert.Empty(messages.Select(static message => message.Id).Intersect(dead));
    }

    /// <summary>The same, and no message twice.</summary>
    public void AssertConservedOnce()
    {
        AssertConserved();
        Assert.Equal(Reader.Messages.Length, Reader.Messages.Select(static message => message.Id).Distinct().Count());
    }

    public static string IdOf(string line)
    {
        using var document = JsonDocument.Parse(line);
        return document.RootElement.GetProperty("id").GetString()!;
    }

    public void Dispose()
    {
        Reader.Dispose();
        Cluster.Dispose();
        _directory.Dispose();
    }

    private static double Metric(string page, string name)
    {
        var match = Regex.Match(page, $"^{name}\\{{[^}}]*sink=\"kafka\"[^}}]*\\}} ([0-9.]+)$", RegexOptions.Multiline);
        return match.Success ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : -1;
    }

    /// <summary>A visit is answered when it is on disk; failures are retried soon.</summary>
    private (string Name, string Value)[] SettingsWith((string Name, string Value)[] settings) =>
        [
            ("EDGE__ACK__PIXEL", "disk"),
            ("EDGE__SINKS__KAFKA__BROKERS", Cluster.Bootstrap),
            ("EDGE__SINKS__KAFKA__RETRYCEILINGMS", "200"),
            .. settings,
        ];
}
