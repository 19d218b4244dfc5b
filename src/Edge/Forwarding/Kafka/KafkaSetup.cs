using Confluent.Kafka;

namespace Edge.Forwarding.Kafka;

/// <summary>
/// <c>edge sink init</c> and <c>edge doctor</c> for Kafka: looks whether the cluster has the topic, and makes nothing.
/// </summary>
internal static class KafkaSetup
{
    /// <summary>Milliseconds of one question; after each it is looked at whether another makes sense.</summary>
    private const int QuestionMs = 1_000;

    /// <summary>With what a question takes to end, below the 10 s that <c>edge doctor</c> gives a sink.</summary>
    private const int QuestionsMax = 6;

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
            var topics = AskForMetadata(client, complaint).Topics;
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

    /// <summary>Asks again while no answer came, unless no broker can be reached.</summary>
    private static Metadata AskForMetadata(IAdminClient client, KafkaComplaint complaint)
    {
        for (var question = 1; ; question++)
        {
            try
            {
                return client.GetMetadata(TimeSpan.FromMilliseconds(QuestionMs));
            }
            catch (KafkaException) when (question < QuestionsMax && !complaint.IsNobodyReached)
            {
                // The library goes on connecting meanwhile.
            }
        }
    }
}
