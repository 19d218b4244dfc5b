using Edge.Storage;

namespace Edge.Forwarding.Kafka;

/// <summary>Every setting of one Kafka sink. Times are milliseconds.</summary>
internal sealed record KafkaSinkOptions
{
    /// <summary>
    /// Brokers to begin with, <c>host:port</c>, separated by commas. They come from the configuration alone.
    /// </summary>
    public required string Brokers { get; init; }
    public required string Topic { get; init; }
    public MessageKey Key { get; init; }
    public MessageCompression Compression { get; init; } = MessageCompression.Lz4;
    public int MaxMessageBytes { get; init; } = 1_000_000;

    /// <summary>What the pump hands over at once, and so what the library has to hold.</summary>
    public int BatchMaxEvents { get; init; } = 20_000;
    public int BatchMaxBytes { get; init; } = 4 << 20;

    public bool Tls { get; init; }
    public string CaFile { get; init; } = "";
    public string CertificateFile { get; init; } = "";
    public string KeyFile { get; init; } = "";

    public SaslMechanism Sasl { get; init; }
    public string SaslUser { get; init; } = "";
    public string Password { get; init; } = "";

    /// <summary>Read before every batch when set, so that a changed password needs no restart.</summary>
    public string PasswordFile { get; init; } = "";

    public int ConnectTimeoutMs { get; init; } = 5_000;

    /// <summary>Longest time without an acknowledgement after which an attempt counts as failed.</summary>
    public int RequestTimeoutMs { get; init; } = 30_000;

    /// <summary>Longest pause between two attempts to connect.</summary>
    public int RetryCeilingMs { get; init; } = 5_000;

    /// <summary>Reads the password. What is wrong with its file, in words; null when nothing is.</summary>
    public string? ReadPassword(out string password)
    {
        password = Password;
        if (PasswordFile.Length == 0)
        {
            return null;
        }

        try
        {
            password = DiskFile.ReadLine(PasswordFile);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"passwordFile cannot be read: {e.Message}";
        }
    }
}
