using Edge.Tests.Support;
using Xunit;

namespace Edge.KafkaTests;

/// <summary>What the native build with Kafka delivers while nothing fails but events themselves.</summary>
public sealed class DeliveryTests : IDisposable
{
    /// <summary>Error code of Kafka's protocol.</summary>
    private const int MessageTooLarge = 10;

    private readonly KafkaSite _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public async Task Events_OfManyReaders_ArriveOnceAsTheyAreStoredKeyedAndInOrder()
    {
        await using var edge = await _site.StartAsync();

        await _site.SendAsync(edge, 600);
        await _site.UntilForwardedAsync(edge);

        _site.AssertConservedOnce();
        var messages = _site.Reader.Messages;
        Assert.Equal(600, messages.Length);
        Assert.All(messages, static message => Assert.Matches("^[0-9a-f]{16}$", message.Key));
        Assert.All(messages, static message => Assert.Contains($"\"unit_hash\":\"{message.Key}\"", message.Value, StringComparison.Ordinal));
        Assert.True(messages.Select(static message => message.Partition).Distinct().Count() > 1);
        foreach (var unit in messages.GroupBy(static message => message.Key))
        {
            Assert.Single(unit.Select(static message => message.Partition).Distinct());
            // Ids are in the order in which they were stored.
            var ids = unit.OrderBy(static message => message.Offset).Select(static message => message.Id).ToArray();
            Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        }
    }

    [Theory]
    [InlineData("experiment", "\"experiment_uid\":\"{0}\"")]
    [InlineData("none", null)]
    public async Task Key_OfTheSetting_IsThatMember(string key, string? member)
    {
        await using var edge = await _site.StartAsync(("EDGE__SINKS__KAFKA__KEY", key), ("EDGE__SINKS__KAFKA__COMPRESSION", "zstd"));

        await _site.SendAsync(edge, 20);
        await _site.UntilForwardedAsync(edge);

        _site.AssertConservedOnce();
        Assert.All(
            _site.Reader.Messages,
            message =>
            {
                Assert.Equal(member is null, message.Key is null);
                if (member is not null)
                {
                    Assert.Contains(member.Replace("{0}", message.Key, StringComparison.Ordinal), message.Value, StringComparison.Ordinal);
                }
            }
        );
    }

    [Fact]
    public async Task Event_LargerThanAMessage_BecomesADeadLetterAndTheOthersArriveOnce()
    {
        await using var edge = await _site.StartAsync(("EDGE__SINKS__KAFKA__MAXMESSAGEBYTES", "1500"));
        await _site.PauseAsync(edge);
        await _site.SendAsync(edge, 100);
        await _site.SendAsync(edge, 2, "https://news.example/" + new string('x', 1_200));
        await _site.SendAsync(edge, 100);
        await _site.ResumeAsync();
        await _site.UntilForwardedAsync(edge);

        _site.AssertConservedOnce();
        Assert.Equal((200, 2), (_site.Reader.Messages.Length, _site.DeadLetters.Length));
        Assert.All(_site.DeadLetters, static letter => Assert.Contains("maxMessageBytes", letter.Text("answer"), StringComparison.Ordinal));
        Assert.Equal(2, await _site.UntilAsync(edge, "edge_sink_dead_lettered_total", static count => count > 0));

        var (code, _, error) = await _site.RunAsync(["dead-letters", "resend", "--sink", "kafka"]);
        Assert.True(code == 0, error);
        Assert.Empty(_site.DeadLetters);
        await _site.UntilReadAsync();
        _site.AssertConservedOnce();
    }

    /// <summary>A broker says it of a request; the events in it that are not at fault must not suffer.</summary>
    [Fact]
    public async Task Request_ThatABrokerFindsTooLarge_IsSentInSmallerParts()
    {
        await using var edge = await _site.StartAsync();
        await _site.PauseAsync(edge);
        await _site.SendAsync(edge, 120);
        _site.Cluster.FailProduce(MessageTooLarge, MessageTooLarge);
        await _site.ResumeAsync();
        await _site.UntilForwardedAsync(edge);

        Assert.Equal(120, _site.Reader.Messages.Length);
        _site.AssertConservedOnce();
        Assert.Empty(_site.DeadLetters);
    }

    [Fact]
    public async Task Pause_HoldsEventsBack_AndReplaySendsAPeriodAgain()
    {
        await using var edge = await _site.StartAsync();
        await _site.PauseAsync(edge);
        await _site.SendAsync(edge, 30);
        await edge.UntilForwardedAsync();
        Assert.Empty(_site.Reader.Messages);
        Assert.Equal(30, await _site.UntilAsync(edge, "edge_sink_pending", static pending => pending > 0));

        await _site.ResumeAsync();
        await _site.UntilForwardedAsync(edge);
        _site.AssertConservedOnce();

        var (code, _, error) = await _site.RunAsync(
            ["journal", "replay", "--sink", "kafka", "--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"]
        );
        Assert.True(code == 0, error);
        Assert.Contains("30 events sent again, 0 refused", error, StringComparison.Ordinal);
        await Wait.UntilAsync(() => _site.Reader.Messages.Length == 60, () => $"{_site.Reader.Messages.Length} messages");
        _site.AssertConserved();
    }

    [Fact]
    public async Task Stop_InOrder_DeliversWhatIsStored()
    {
        await using var edge = await _site.StartAsync();
        await _site.SendAsync(edge, 300);

        Assert.Equal(0, await edge.StopAsync());

        await _site.UntilReadAsync();
        Assert.Equal(300, _site.Reader.Messages.Length);
        _site.AssertConservedOnce();
        Assert.Contains("Sink kafka stopped with 0 events pending", await edge.Error, StringComparison.Ordinal);
    }
}
