using System.Net;

namespace Edge.Forwarding.Http;

/// <summary>How a sink connects over HTTP.</summary>
internal sealed record HttpTransportOptions
{
    /// <summary>Connect to addresses that are not public: this machine, its networks.</summary>
    public bool AllowsPrivate { get; init; }

    /// <summary>Networks that may be connected to although they are not public.</summary>
    public IPNetwork[] AllowedNetworks { get; init; } = [];

    /// <summary>Longest time resolving and connecting may take.</summary>
    public int ConnectTimeoutMs { get; init; } = 5_000;

    /// <summary>Longest time one request may take as a whole.</summary>
    public int RequestTimeoutMs { get; init; } = 30_000;

    /// <summary>As much of an answer as is read; more ends the connection.</summary>
    public int AnswerMaxBytes { get; init; } = 16 << 10;
}
