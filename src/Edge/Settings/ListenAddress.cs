using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Edge.Requests;

namespace Edge.Settings;

/// <summary>
/// One address to listen on: <c>http://HOST:PORT</c> or, with TLS, <c>https://HOST:PORT</c>, where HOST is an IPv4
/// address, an IPv6 address in brackets, <c>localhost</c>, or <c>*</c> or <c>+</c> for every address of the machine; or
/// <c>http://unix:PATH</c> for a socket file. No other host: a name that is misspelt or resolved differently elsewhere
/// must not open a port. Immutable.
/// </summary>
internal sealed record ListenAddress
{
    private const string Scheme = "http://";
    private const string TlsScheme = "https://";
    private const string UnixPrefix = "unix:";
    private const string Localhost = "localhost";
    private const int DefaultPort = 80;
    private const int DefaultTlsPort = 443;

    /// <summary>Longest path of a socket file, bytes (unix(7): 108 with the terminating zero).</summary>
    private const int SocketPathMaxBytes = 107;

    private ListenAddress(string text) => Text = text;

    /// <summary>As configured.</summary>
    public string Text { get; }

    /// <summary>Whether connections are encrypted.</summary>
    public bool IsTls { get; private init; }

    /// <summary>The IP address; null for localhost, every address, and a socket file.</summary>
    public IPAddress? Address { get; private init; }

    /// <summary>Whether it is both loopback addresses.</summary>
    public bool IsLocalhost { get; private init; }

    /// <summary>The TCP port; 0 lets the kernel choose one.</summary>
    public int Port { get; private init; }

    /// <summary>The path of the socket file; null for TCP.</summary>
    public string? SocketPath { get; private init; }

    /// <summary>Where a client on this machine reaches it: what listens everywhere listens on loopback.</summary>
    public Uri Loopback =>
        SocketPath is not null ? new Uri("http://localhost")
        : IsLocalhost ? new Uri($"{SchemeText}localhost:{Port}")
        : Address is null || Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any)
            ? new Uri($"{SchemeText}127.0.0.1:{Port}")
        : new Uri($"{SchemeText}{new IPEndPoint(Address, Port)}");

    /// <summary>
    /// Whether a client on this machine that asks this URL reaches it, as far as the address alone says.
    /// </summary>
    public bool IsReachedBy(Uri url) =>
        SocketPath is null
        && Port == url.Port
        && (
            url.IsLoopback
                ? Loopback.IsLoopback
                : IPAddress.TryParse(url.IdnHost, out var ip) && ip.Equals(Address)
        );

    /// <summary>Whether not both can be listened on: they have a socket file, or an address and its port, in common.</summary>
    public bool Overlaps(ListenAddress other)
    {
        if (SocketPath is not null || other.SocketPath is not null)
        {
            return SocketPath == other.SocketPath;
        }

        return Port == other.Port
            && Port != 0
            && (IsEverywhere || other.IsEverywhere || Array.Exists(Addresses, own => other.Takes(own)));
    }

    /// <summary>Parses a list; items with a problem are left out.</summary>
    public static IReadOnlyList<ListenAddress> ParseAll(string urls) =>
        [.. Split(urls).Select(url => Parse(url, out var address) is null ? address : null).OfType<ListenAddress>()];

    /// <summary>Everything wrong with a list of addresses, one line each, without the name of the setting.</summary>
    public static IEnumerable<string> Problems(string urls) =>
        Split(urls).Select(url => Parse(url, out _) is { } problem ? $"'{url}' {problem}" : null).OfType<string>();

    /// <summary>Splits a list of addresses.</summary>
    public static string[] Split(string urls) =>
        urls.Split([',', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Every address of the machine; IPv6's "every" takes those of IPv4 too.</summary>
    private bool IsEverywhere =>
        SocketPath is null && !IsLocalhost && (Address is null || Address.Equals(IPAddress.IPv6Any));

    /// <summary>The addresses of one that is not everywhere.</summary>
    private IPAddress[] Addresses => IsLocalhost ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [Address!];

    private string SchemeText => IsTls ? TlsScheme : Scheme;

    /// <summary>Whether an address cannot be listened on beside this one, on the same port.</summary>
    private bool Takes(IPAddress other) =>
        Array.Exists(
            Addresses,
            own =>
                own.Equals(other)
                || (
                    own.AddressFamily == other.AddressFamily
                    && (own.Equals(IPAddress.Any) || other.Equals(IPAddress.Any))
                )
        );

    /// <summary>Parses one address; returns what is wrong with it, else null.</summary>
    private static string? Parse(string text, out ListenAddress? address)
    {
        address = null;
        var isTls = text.StartsWith(TlsScheme, StringComparison.OrdinalIgnoreCase);
        if (!isTls && !text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return "is not an address such as http://127.0.0.1:8080";
        }

        var rest = text[(isTls ? TlsScheme : Scheme).Length..];
        if (rest.StartsWith(UnixPrefix, StringComparison.OrdinalIgnoreCase))
        {
            return isTls
                ? "is a socket file, which is not encrypted; write http://unix:/PATH"
                : ParseSocket(text, rest[UnixPrefix.Length..], out address);
        }

        // An empty path is none (RFC 3986 section 6.2.3).
        rest = rest.EndsWith('/') ? rest[..^1] : rest;
        if (rest.AsSpan().IndexOfAny("/?#@") is var end and >= 0)
        {
            return rest[end] == '@'
                ? "must not name a user"
                : $"must end after the port; leave out '{rest[end..]}'";
        }

        var colon = rest.LastIndexOf(':');
        var hasPort = colon > rest.LastIndexOf(']');
        var host = hasPort ? rest[..colon] : rest;
        var port = isTls ? DefaultTlsPort : DefaultPort;
        if (hasPort && !TryPort(rest[(colon + 1)..], out port))
        {
            return "must have a port from 0 to 65535, in digits";
        }

        if (host is "*" or "+")
        {
            address = new ListenAddress(text) { IsTls = isTls, Port = port };
        }
        else if (host.Equals(Localhost, StringComparison.OrdinalIgnoreCase))
        {
            if (port == 0)
            {
                return "cannot let the kernel choose one port for two addresses; write http://127.0.0.1:0";
            }

            address = new ListenAddress(text) { IsTls = isTls, IsLocalhost = true, Port = port };
        }
        else if (TryHost(host, out var ip))
        {
            address = new ListenAddress(text) { IsTls = isTls, Address = ip, Port = port };
        }
        else
        {
            return $"has the host '{host}', which is not an IP address such as 127.0.0.1 or [::1], localhost or *";
        }

        return null;
    }

    private static string? ParseSocket(string text, string path, out ListenAddress? address)
    {
        address = null;
        if (!path.StartsWith('/') || path.EndsWith('/'))
        {
            return "must name a socket file by its whole path, such as http://unix:/run/edge/admin.sock";
        }

        if (Encoding.UTF8.GetByteCount(path) > SocketPathMaxBytes)
        {
            return $"has a longer path than a socket may have, {SocketPathMaxBytes} bytes";
        }

        address = new ListenAddress(text) { SocketPath = path };
        return null;
    }

    private static bool TryHost(string host, out IPAddress address)
    {
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            return IPAddress.TryParse(host[1..^1], out address!)
                && address.AddressFamily == AddressFamily.InterNetworkV6;
        }

        address = IPAddress.Any;
        if (!ClientAddress.TryParse(host, out var parsed) || host.Contains(':'))
        {
            return false;
        }

        address = parsed.ToIPAddress();
        return true;
    }

    private static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= IPEndPoint.MaxPort;
}
