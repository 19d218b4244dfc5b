using Confluent.Kafka;

namespace Edge.Forwarding.Kafka;

/// <summary>
/// <c>edge sink init</c> and <c>edge doctor</c> for Kafka: looks whether the cluster has the topic, and makes nothing.
/// </summary>
internal static class KafkaSetup
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(8);

    /// <summary>The command that would make the topic, when it is not there or the cluster cannot be asked.</summary>
    public static Task<SinkSetup> RunAsync(KafkaSinkOptions options) => Task.Run(() => Ask(options));

    private static SinkSetup Ask(KafkaSinkOptions options)
    {
        var place = $"Kafka at {options.Brokers}";
        string[] command =
        [
            $"kafka-topics.sh --bootstrap-server {options.Brokers} --create --topic {options.Topic} --partitions 6 --replication-factor 3",
        ];
        if (options.ReadPassword(out var password) is { } unreadable)
        {
            return new SinkSetup(place, command, unreadable);
        }

        var complaint = new KafkaComplaint();
        try
        {
            using var client = new AdminClientBuilder(KafkaConfiguration.Of(options, password))
                .SetLogHandler((_, line) => complaint.Note(line))
                .Build();
            // Of all topics: asking for one would make it where brokers make topics by themselves.
            var topics = client.GetMetadata(Deadline).Topics;
            return topics.Exists(topic => topic.Topic == options.Topic)
                ? new SinkSetup(place, [], Problem: null)
                : new SinkSetup(
                    place,
                    command,
                    KafkaFailure.Describe(ErrorCode.UnknownTopicOrPart, options) + "; edge sink init NAME --print has a command for it"
                );
        }
        catch (Exception e) when (KafkaFailure.IsExpected(e))
        {
            return new SinkSetup(place, command, complaint.Words ?? KafkaFailure.Describe(e, options));
        }
    }
}
