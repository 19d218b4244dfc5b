using System.Net;
using System.Net.Sockets;
using Edge.Endpoints.Operations;
using Edge.Settings;
using Edge.Storage;
using Edge.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Edge.Hosting;

/// <summary>
/// Binds the public and the admin addresses, and marks the connections of the latter (<see cref="AdminListener"/>).
/// </summary>
internal static class Listeners
{
    /// <param name="kestrel">Takes the addresses.</param>
    /// <param name="options">The settings.</param>
    /// <param name="certificate">That of the addresses with TLS; called when a connection comes.</param>
    public static void Apply(KestrelServerOptions kestrel, EdgeOptions options, Func<ServedCertificate> certificate)
    {
        var handshakeTimeout = TimeSpan.FromMilliseconds(options.HttpHeadersTimeoutMs);
        foreach (var address in ListenAddress.ParseAll(options.Urls))
        {
            Listen(kestrel, address, isPublic: true, endpoint => Encrypt(endpoint, address));
        }

        foreach (var address in ListenAddress.ParseAll(options.AdminUrls))
        {
            Listen(
                kestrel,
                address,
                isPublic: false,
                endpoint =>
                {
                    Encrypt(endpoint, address);
                    endpoint.Use(MarkConnections);
                }
            );
        }

        void Encrypt(ListenOptions endpoint, ListenAddress address)
        {
            if (address.IsTls)
            {
                UseTls(endpoint, certificate, handshakeTimeout);
            }
        }
    }

    /// <summary>
    /// Removes socket files that a killed process has left behind. Throws <see cref="IOException"/> when a file is no
    /// socket or somebody listens there.
    /// </summary>
    public static void RemoveStaleSockets(EdgeOptions options)
    {
        foreach (var address in options.ListenAddresses)
        {
            if (address.SocketPath is not { } path)
            {
                continue;
            }

            if (PlaceProblem(path) is { } problem)
            {
                throw new IOException(problem);
            }

            if (FileStamp.Of(path).Kind == FileKind.Socket)
            {
                RemoveStaleSocket(path);
            }
        }
    }

    /// <summary>What is in the way of a socket file; null when nothing is.</summary>
    public static string? PlaceProblem(string path) =>
        !Directory.Exists(Path.GetDirectoryName(path)) ? $"the directory of '{path}' is not there"
        : FileStamp.Of(path).Kind is not (FileKind.None or FileKind.Socket)
            ? $"'{path}' is there already and is not a socket"
        : null;

    private static void RemoveStaleSocket(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // Bound once, by a process that is gone.
            DiskDirectory.Remove(path);
            return;
        }

        throw new IOException($"another process listens on '{path}'");
    }

    private static void Listen(
        KestrelServerOptions kestrel,
        ListenAddress address,
        bool isPublic,
        Action<ListenOptions> configure
    )
    {
        if (address.SocketPath is { } path)
        {
            kestrel.ListenUnixSocket(path, configure);
        }
        else if (address.IsLocalhost)
        {
            kestrel.ListenLocalhost(address.Port, configure);
        }
        else
        {
            var ip = address.Address ?? (Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any);
            // Event loops read what is not encrypted.
            kestrel.Listen(
                isPublic && !address.IsTls ? new PublicEndPoint(ip, address.Port) : new IPEndPoint(ip, address.Port),
                configure
            );
        }
    }

    private static void UseTls(ListenOptions endpoint, Func<ServedCertificate> certificate, TimeSpan handshakeTimeout)
    {
        endpoint.Protocols = HttpProtocols.Http1AndHttp2;
        endpoint.Use(next =>
            connection =>
            {
                // No requests yet: what is encrypted is given on as it comes.
                connection.Features.Get<RequestReader>()?.ExpectBody(null);
                return next(connection);
            }
        );
        endpoint.UseHttps(
            new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(certificate().Current.Handshake),
                HandshakeTimeout = handshakeTimeout,
            }
        );
        endpoint.Use(next =>
            connection =>
            {
                connection.Transport = RequestReader.Install(connection.Features, connection.Transport);
                return next(connection);
            }
        );
    }

    private static ConnectionDelegate MarkConnections(ConnectionDelegate next) =>
        connection =>
        {
            connection.Features.Set(AdminListener.Mark.Instance);
            return next(connection);
        };
}
