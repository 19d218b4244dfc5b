namespace Edge.Telemetry;

/// <summary>
/// Whether the service is ready for traffic, and the reason when it is not. Written by the host, read by
/// <c>/readyz</c>. Thread safe: one reference to an immutable string.
/// </summary>
internal sealed class Readiness
{
    private const string Starting = "starting";

    private volatile string? _reason = Starting;

    /// <summary>Whether the service has not become ready yet.</summary>
    public bool IsStarting => _reason == Starting;

    /// <summary>Why the service is not ready; null when it is.</summary>
    public string? NotReadyReason => _reason;

    /// <summary>Marks the service as ready.</summary>
    public void SetReady() => _reason = null;

    /// <summary>Marks the service as not ready.</summary>
    public void SetNotReady(string reason) => _reason = reason;
}
