namespace Edge.Endpoints.Operations;

/// <summary>
/// Decides by the port a request came in on whether it may reach health, metrics and ledger. Without admin addresses
/// every port serves everything. The host name is not looked at: a client chooses it.
/// </summary>
internal sealed class AdminListener
{
    private volatile int[] _ports = [];

    /// <summary>Names the ports of the admin addresses, known once the listener is bound.</summary>
    public void SetPorts(int[] ports) => _ports = ports;

    /// <summary>Whether this request may see admin routes.</summary>
    public bool ServesAdmin(HttpContext context) => _ports.Length == 0 || _ports.Contains(context.Connection.LocalPort);

    /// <summary>Whether this request may see public routes.</summary>
    public bool ServesPublic(HttpContext context) =>
        _ports.Length == 0 || !_ports.Contains(context.Connection.LocalPort);
}
