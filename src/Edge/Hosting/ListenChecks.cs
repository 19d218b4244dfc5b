using System.Net;
using System.Net.Sockets;
using Edge.Settings;
using Edge.Storage;

namespace Edge.Hosting;

/// <summary>Whether the addresses of the settings can be listened on, for commands and for what a failed start says.</summary>
internal static class ListenChecks
{
    /// <summary>What to do about a port that this user may not open.</summary>
    private const string PrivilegedRemedy =
        "a port below 1024 needs CAP_NET_BIND_SERVICE (AmbientCapabilities= of systemd, cap_add of a container) or a lower"
        + " net.ipv4.ip_unprivileged_port_start; or choose a port from 1024 on";

    /// <summary>
    /// Why an address cannot be listened on; null when it can, or when somebody listens there, who may be the service
    /// itself. Nothing stays open.
    /// </summary>
    public static string? ProblemOf(ListenAddress address)
    {
        if (address.SocketPath is { } path)
        {
            return ProblemOfSocketFile(path);
        }

        return ErrorOf(address) is { } error and not SocketError.AddressAlreadyInUse
            ? error == SocketError.AccessDenied
                ? Describe(error)
                : $"{Describe(error)}; choose an address of this machine"
            : null;
    }

    /// <summary>The error of the kernel for a TCP address; null when it can be bound.</summary>
    public static SocketError? ErrorOf(ListenAddress address)
    {
        // As the server does: of both loopback addresses one is enough.
        IPAddress[] ips = address.IsLocalhost
            ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
            : [address.Address ?? (Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any)];
        SocketError? first = null;
        foreach (var ip in ips)
        {
            if (ErrorOf(new IPEndPoint(ip, address.Port)) is not { } error)
            {
                return null;
            }

            first ??= error;
        }

        return first;
    }

    /// <summary>An error of the kernel, as the rest of a sentence, with the remedy if it says little.</summary>
    public static string Describe(SocketError error) =>
        error == SocketError.AccessDenied
            ? $"may not be opened by this user: {PrivilegedRemedy}"
            : $"cannot be opened: {new SocketException((int)error).Message}";

    private static SocketError? ErrorOf(IPEndPoint endpoint)
    {
        using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(endpoint);
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }

    private static string? ProblemOfSocketFile(string path)
    {
        if (Listeners.PlaceProblem(path) is { } problem)
        {
            return problem;
        }

        var directory = Path.GetDirectoryName(path)!;
        return DirectoryProbe.MayChange(directory) ? null : $"needs the right to write in {directory}";
    }
}
