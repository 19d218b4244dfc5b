using Edge.Tests.Support;
using Xunit;

namespace Edge.KafkaTests;

/// <summary>Every event arrives, whatever the brokers, the producer and the service go through.</summary>
public sealed class OutageTests : IDisposable
{
    // Error codes of Kafka's protocol.
    private const int UnknownTopic = 3;
    private const int NotLeader = 6;
    private const int RequestTimedOut = 7;
    private const int NotEnoughReplicas = 19;
    private const int OutOfOrderSequence = 45;

    /// <summary>librdkafka's own: the broker closes the connection.</summary>
    private const int Disconnect = -195;

    private readonly KafkaSite _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task Brokers_Down_EventsWaitInTheJournalAndArriveWhenTheyAreBack()
    {
        await using var edge = await _site.StartAsync();
        await _site.SendAsync(edge, 50);
        await _site.UntilForwardedAsync(edge);

        _site.Cluster.SetDown(MockCluster.Every);
        await _site.SendAsync(edge, 200);
        await _site.UntilAsync(edge, "edge_sink_errors_total", static errors => errors >= 2);
        Assert.InRange(await _site.UntilAsync(edge, "edge_sink_pending", static pending => pending > 0), 1, 200);
        var (_, table, _) = await _site.RunAsync(["sink", "status"], ("EDGE__URLS", edge.Address.ToString()));
        Assert.Matches("kafka +retrying +[1-9]", table);

        _site.Cluster.SetUp(MockCluster.Every);
        await _site.UntilForwardedAsync(edge);

        Assert.Equal(250, _site.Stored.Length);
        _site.AssertConserved();
        Assert.Contains("Sink kafka has recovered", edge.ErrorSoFar, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leaders_ChangeUnderLoad_NothingIsLost()
    {
        await using var edge = await _site.StartAsync(("EDGE__SINKS__KAFKA__LINGERMS", "10"));
        for (var round = 0; round < 6; round++)
        {
            var sending = _site.SendAsync(edge, 150);
            for (var partition = 0; partition < KafkaSite.Partitions; partition++)
            {
                _site.Cluster.Lead(KafkaSite.Topic, partition, 1 + ((partition + round) % _site.Cluster.Brokers));
            }

            var down = 1 + (round % _site.Cluster.Brokers);
            _site.Cluster.SetDown(down);
            await sending;
            _site.Cluster.SetUp(down);
        }

        await _site.UntilForwardedAsync(edge);

        Assert.Equal(900, _site.Stored.Length);
        _site.AssertConserved();
    }

    [Fact]
    public async Task Answers_ThatMayBeRepeated_AreAndNothingIsLost()
    {
        await using var edge = await _site.StartAsync(("EDGE__SINKS__KAFKA__LINGERMS", "10"));
        for (var round = 0; round < 3; round++)
        {
            _site.Cluster.FailProduce(NotLeader, RequestTimedOut, NotEnoughReplicas, Disconnect, UnknownTopic);
            await _site.SendAsync(edge, 100);
        }

        await _site.UntilForwardedAsync(edge);

        Assert.Equal(300, _site.Stored.Length);
        _site.AssertConserved();
    }

    [Fact]
    public async Task Answers_LaterThanTheTimeout_AreAFailureUntilTheyComeInTime()
    {
        await using var edge = await _site.StartAsync(("EDGE__SINKS__KAFKA__REQUESTTIMEOUTMS", "400"));
        await _site.SendAsync(edge, 20);
        await _site.UntilForwardedAsync(edge);

        _site.Cluster.Delay(2_000);
        await _site.SendAsync(edge, 100);
        await _site.UntilAsync(edge, "edge_sink_errors_total", static errors => errors >= 2);
        _site.Cluster.Delay(0);
        await _site.UntilForwardedAsync(edge);

        Assert.Equal(120, _site.Stored.Length);
        _site.AssertConserved();
    }

    [Fact]
    public async Task FatalError_OfTheProducer_IsReportedAndAnotherGoesOn()
    {
        await using var edge = await _site.StartAsync();
        await _site.SendAsync(edge, 20);
        await _site.UntilForwardedAsync(edge);

        _site.Cluster.FailProduce(OutOfOrderSequence);
        await _site.SendAsync(edge, 100);
        await _site.UntilForwardedAsync(edge);

        Assert.Equal(120, _site.Stored.Length);
        _site.AssertConserved();
        Assert.Contains("Fatal error", edge.ErrorSoFar, StringComparison.Ordinal);
    }

    /// <summary>Batches are in flight when it dies, and no more than the one of that moment comes twice.</summary>
    [Fact]
    public async Task Kill_InTheMiddleOfBatches_LosesNothingAndRepeatsOneBatchAtMost()
    {
        const int Batch = 40;
        const int Kills = 4;
        (string, string)[] settings =
        [
            ("EDGE__SINKS__KAFKA__BATCHMAXEVENTS", $"{Batch}"),
            ("EDGE__SINKS__KAFKA__LINGERMS", "0"),
            ("EDGE__HTTP__STOPGRACEMS", "0"),
        ];
        _site.Cluster.Delay(30);
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var edge = await _site.StartAsync(settings);
            await _site.SendAsync(edge, 400);
            var read = _site.Reader.Messages.Length;
            await Wait.UntilAsync(() => _site.Reader.Messages.Length > read, () => $"{read} messages and no more");
            await edge.KillAsync();
        }

        await using var last = await _site.StartAsync(settings);
        await _site.UntilForwardedAsync(last);

        Assert.Equal(Kills * 400, _site.Stored.Length);
        _site.AssertConserved();
        var repeated = _site.Reader.Messages.Length - _site.Stored.Length;
        Assert.InRange(repeated, 0, Kills * Batch);
    }

    [Fact]
    public async Task Stop_WhileBrokersAreDown_EndsAndTheNextStartDelivers()
    {
        await using (var edge = await _site.StartAsync())
        {
            _site.Cluster.SetDown(MockCluster.Every);
            await _site.SendAsync(edge, 100);
            await _site.UntilAsync(edge, "edge_sink_errors_total", static errors => errors >= 1);

            Assert.Equal(0, await edge.StopAsync());
        }

        _site.Cluster.SetUp(MockCluster.Every);
        await using var next = await _site.StartAsync();
        await _site.UntilForwardedAsync(next);

        Assert.Equal(100, _site.Stored.Length);
        _site.AssertConserved();
    }
}
