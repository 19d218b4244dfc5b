using Edge.Formats;

namespace Edge.Requests;

/// <summary>The header a trusted proxy writes the client address into. Only one is believed, never both.</summary>
internal enum ForwardedHeader
{
    /// <summary>The de-facto standard list of addresses.</summary>
    XForwardedFor,

    /// <summary>RFC 7239.</summary>
    Forwarded,
}

/// <summary>
/// Finds the visitor's address: the socket peer, unless that is a configured proxy; then the forwarded header is walked
/// from the right, past every trusted hop, to the first address that is not ours. Anybody may write the left part of
/// that header, so it is never read. A header that is malformed is counted, and nothing left of the fault is read: the
/// address is then that of the nearest hop that could be read. Thread safe.
/// </summary>
/// <param name="trustedProxies">Networks or addresses of proxies.</param>
/// <param name="header">The header they write.</param>
/// <param name="firstUntrusted">Called once, when anybody else first sends it; must not throw.</param>
internal sealed class ClientAddressResolver(
    IEnumerable<string> trustedProxies,
    ForwardedHeader header,
    Action? firstUntrusted = null
)
{
    /// <summary>Hops that are walked at most; a longer chain is not one we configured.</summary>
    private const int MaxHops = 16;

    private readonly TrustedNetwork[] _trusted = TrustedNetwork.ParseAll(trustedProxies);

    private long _malformed;
    private long _untrusted;

    /// <summary>How often a trusted proxy's header was found malformed.</summary>
    public long Malformed => Interlocked.Read(ref _malformed);

    /// <summary>How often the header came from a sender that is not trusted, and was ignored.</summary>
    public long Untrusted => Interlocked.Read(ref _untrusted);

    /// <summary>Name of the header that is believed.</summary>
    public string HeaderName { get; } = header == ForwardedHeader.Forwarded ? "Forwarded" : "X-Forwarded-For";

    /// <summary>The visitor's address.</summary>
    /// <param name="peer">The socket's other end.</param>
    /// <param name="headers">The request's headers, all lines of <see cref="HeaderName"/> among them, in order.</param>
    public ClientAddress Resolve(in ClientAddress peer, ReadOnlySpan<HeaderLine> headers)
    {
        var current = peer;
        if (headers.IsEmpty)
        {
            return current;
        }

        if (!IsTrusted(peer))
        {
            CountUntrusted(headers);
            return current;
        }

        var hops = 0;
        for (var line = headers.Length - 1; line >= 0; line--)
        {
            var rest = headers[line].Is(HeaderName) ? headers[line].Value.Span : default;
            while (TakeLast(ref rest, out var next) is var hop and not Hop.None)
            {
                if (hop == Hop.Malformed)
                {
                    Interlocked.Increment(ref _malformed);
                }

                if (++hops > MaxHops || hop != Hop.Address)
                {
                    return current;
                }

                current = next;
                if (!IsTrusted(current))
                {
                    return current;
                }
            }
        }
        return current;
    }

    /// <summary>Whether an address is one of the configured proxies, whose headers are believed.</summary>
    public bool IsTrusted(in ClientAddress address)
    {
        foreach (ref readonly var network in _trusted.AsSpan())
        {
            if (address.IsIn(network))
            {
                return true;
            }
        }

        return false;
    }

    private void CountUntrusted(ReadOnlySpan<HeaderLine> headers)
    {
        foreach (ref readonly var line in headers)
        {
            if (line.Is(HeaderName))
            {
                if (Interlocked.Increment(ref _untrusted) == 1)
                {
                    firstUntrusted?.Invoke();
                }

                return;
            }
        }
    }

    private Hop TakeLast(ref ReadOnlySpan<char> rest, out ClientAddress address) =>
        header == ForwardedHeader.Forwarded
            ? ForwardedText.TakeLast(ref rest, out address)
            : TakeLastOfList(ref rest, out address);

    /// <summary>Takes the last item off a list of addresses; empty ones are ignored.</summary>
    private static Hop TakeLastOfList(ref ReadOnlySpan<char> rest, out ClientAddress address)
    {
        address = default;
        rest = rest.TrimEnd(", \t");
        if (rest.IsEmpty)
        {
            return Hop.None;
        }

        var comma = rest.LastIndexOf(',');
        var item = rest[(comma + 1)..].Trim(" \t");
        rest = rest[..(comma + 1)];
        if (item.Equals("unknown", StringComparison.OrdinalIgnoreCase))
        {
            return Hop.Hidden;
        }

        return ClientAddress.TryParse(item, out address) ? Hop.Address : Hop.Malformed;
    }
}
