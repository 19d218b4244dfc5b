namespace Edge.Forwarding;

/// <summary>The Kafka build's half of <see cref="SinkTypes"/>.</summary>
internal static partial class SinkTypes
{
    static partial void FindKafka(ref bool isThere) => isThere = true;
}
