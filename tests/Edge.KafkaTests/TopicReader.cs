using System.Text;
using Confluent.Kafka;

namespace Edge.KafkaTests;

/// <summary>A message of the topic.</summary>
internal sealed record Received(string? Key, string Value, string Id, int Partition, long Offset);

/// <summary>
/// Reads a topic from its beginning for as long as a test runs, because the brokers of the tests forget what is old. Its
/// messages may be looked at by any thread.
/// </summary>
internal sealed class TopicReader : IDisposable
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Received> _messages = [];
    private readonly Lock _lock = new();
    private readonly Thread _thread;

    public TopicReader(string brokers, string topic, int partitions)
    {
        var consumer = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig
            {
                BootstrapServers = brokers,
                GroupId = "reader",
                EnableAutoCommit = false,
                ReconnectBackoffMaxMs = 200,
                FetchWaitMaxMs = 50,
            }
        )
            .SetLogHandler(static (_, _) => { })
            .SetErrorHandler(static (_, _) => { })
            .Build();
        consumer.Assign(
            Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning))
        );
        _thread = new Thread(() => Read(consumer)) { IsBackground = true, Name = "topic-reader" };
        _thread.Start();
    }

    public Received[] Messages
    {
        get
        {
            lock (_lock)
            {
                return [.. _messages];
            }
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
    }

    private void Read(IConsumer<byte[], byte[]> consumer)
    {
        using (consumer)
        {
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    if (consumer.Consume(Slice) is { Message: { } message } result)
                    {
                        var received = new Received(
                            message.Key is null ? null : Encoding.UTF8.GetString(message.Key),
                            Encoding.UTF8.GetString(message.Value),
                            Encoding.UTF8.GetString(message.Headers.GetLastBytes("edge-id")),
                            result.Partition.Value,
                            result.Offset.Value
                        );
                        lock (_lock)
                        {
                            _messages.Add(received);
                        }
                    }
                }
                catch (ConsumeException e) when (!e.Error.IsFatal)
                {
                    // Brokers that are down come back.
                }
            }

            consumer.Close();
        }
    }
}
