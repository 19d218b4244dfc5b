namespace Edge.Telemetry;

/// <summary>
/// Whether the service wants traffic, and the reason when it does not. Written by the host, read by <c>/readyz</c>.
/// Thread safe: one immutable reference, replaced whole.
/// </summary>
internal sealed class Readiness
{
    private const string Starting = "starting";

    private volatile string? _reason = Starting;

    /// <summary>Whether traffic has not been welcome yet.</summary>
    public bool IsStarting => _reason == Starting;

    /// <summary>Why traffic should go elsewhere; null when ready.</summary>
    public string? NotReadyReason => _reason;

    /// <summary>From now on traffic is welcome.</summary>
    public void SetReady() => _reason = null;

    /// <summary>From now on traffic should go elsewhere.</summary>
    public void SetNotReady(string reason) => _reason = reason;
}
