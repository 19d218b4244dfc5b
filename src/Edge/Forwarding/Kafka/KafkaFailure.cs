using Confluent.Kafka;

namespace Edge.Forwarding.Kafka;

/// <summary>What errors of the client library mean for the sink, and in words.</summary>
internal static class KafkaFailure
{
    private const string Library = "librdkafka.so";

    /// <summary>
    /// Whether an exception of the library is about settings, the network or the library itself, and no defect here.
    /// </summary>
    public static bool IsExpected(Exception e) =>
        e is KafkaException or InvalidOperationException or ArgumentException or DllNotFoundException;

    /// <summary>
    /// Whether a message is refused as it is. A broker answers so for all messages of a request of which one is at
    /// fault.
    /// </summary>
    public static bool IsAboutMessage(ErrorCode code) =>
        code
            is ErrorCode.MsgSizeTooLarge
                or ErrorCode.InvalidMsgSize
                or ErrorCode.RecordListTooLarge
                or ErrorCode.InvalidTimestamp
                or ErrorCode.InvalidRecord
                or ErrorCode.Local_InvalidDifferentRecord;

    public static string Describe(ErrorCode code, KafkaSinkOptions options) =>
        code switch
        {
            ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge =>
                $"the message is larger than maxMessageBytes or than topic {options.Topic} takes (max.message.bytes)",
            ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition =>
                $"{options.Brokers} has no topic {options.Topic}; create it, with the partitions and replicas you want",
            ErrorCode.TopicAuthorizationFailed => $"the user may not write to topic {options.Topic}",
            ErrorCode.ClusterAuthorizationFailed => "the user may not use an idempotent producer (ACL IdempotentWrite on the cluster)",
            _ => $"{options.Brokers}: {code.GetReason()}",
        };

    public static string Describe(Exception e, KafkaSinkOptions options) =>
        e switch
        {
            KafkaException kafka => Describe(kafka.Error.Code, options),
            _ when e is DllNotFoundException || !File.Exists(Path.Combine(AppContext.BaseDirectory, Library)) =>
                $"{Library} cannot be loaded; it belongs beside the binary",
            _ => $"the client cannot be made: {e.Message.ReplaceLineEndings(" ")}",
        };
}
