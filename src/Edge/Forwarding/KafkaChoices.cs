using Edge.Events;

namespace Edge.Forwarding;

/// <summary>The key of a Kafka message, which decides on its partition, and so on what stays in order.</summary>
internal enum MessageKey
{
    /// <summary>The member <c>unit_hash</c>: the events of one unit in one experiment and on one UTC day.</summary>
    Unit,

    /// <summary>The member <c>experiment_uid</c>.</summary>
    Experiment,

    /// <summary>Messages without a key, spread over the partitions.</summary>
    None,
}

/// <summary>Where the keys of messages come from.</summary>
internal static class MessageKeys
{
    /// <summary>The member of an event that is the key; null for none.</summary>
    public static EventMember? Member(MessageKey key) =>
        key switch
        {
            MessageKey.Unit => EventSchema.UnitHash,
            MessageKey.Experiment => EventSchema.ExperimentUid,
            _ => null,
        };
}

/// <summary>How the client compresses the messages for a broker; consumers see nothing of it.</summary>
internal enum MessageCompression
{
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}

/// <summary>How a Kafka client says who it is.</summary>
internal enum SaslMechanism
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>The password itself, to be sent over TLS alone.</summary>
    Plain,

    /// <summary>RFC 5802 with SHA-256.</summary>
    ScramSha256,

    /// <summary>RFC 5802 with SHA-512.</summary>
    ScramSha512,
}
