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
/// that header, so it is never read. Immutable and thread safe.
/// </summary>
internal sealed class ClientAddressResolver(IEnumerable<string> trustedProxies, ForwardedHeader header)
{
    /// <summary>Hops that are walked at most; a longer chain is not one we configured.</summary>
    private const int MaxHops = 16;

    private readonly TrustedNetwork[] _trusted = [.. trustedProxies.Select(text => new TrustedNetwork(text))];

    /// <summary>Name of the header that is believed.</summary>
    public string HeaderName { get; } = header == ForwardedHeader.Forwarded ? "Forwarded" : "X-Forwarded-For";

    /// <summary>The visitor's address.</summary>
    /// <param name="peer">The socket's other end.</param>
    /// <param name="headers">The request's headers, all lines of <see cref="HeaderName"/> among them, in order.</param>
    public ClientAddress Resolve(in ClientAddress peer, ReadOnlySpan<HeaderLine> headers)
    {
        var current = peer;
        if (headers.IsEmpty || !IsTrusted(peer))
        {
            return current;
        }

        var hops = 0;
        for (var line = headers.Length - 1; line >= 0; line--)
        {
            var rest = headers[line].Is(HeaderName) ? headers[line].Value.Span : default;
            while (!rest.IsEmpty)
            {
                var comma = LastSeparator(rest);
                var hop = rest[(comma + 1)..];
                rest = comma < 0 ? default : rest[..comma];
                if (++hops > MaxHops || !TryReadHop(hop, out var next))
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

    private bool TryReadHop(ReadOnlySpan<char> hop, out ClientAddress address) =>
        header == ForwardedHeader.Forwarded
            ? TryReadForwardedElement(hop, out address)
            : ClientAddress.TryParse(hop, out address);

    /// <summary>The last comma outside quotes (RFC 7239 section 4 allows commas inside a quoted value).</summary>
    private static int LastSeparator(ReadOnlySpan<char> text)
    {
        var last = -1;
        var isQuoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (text[i] == ',' && !isQuoted)
            {
                last = i;
            }
        }
        return last;
    }

    /// <summary>
    /// Reads <c>for=</c> of one element; <c>unknown</c> and obfuscated names (RFC 7239 section 6) are no address.
    /// </summary>
    private static bool TryReadForwardedElement(ReadOnlySpan<char> element, out ClientAddress address)
    {
        address = default;
        foreach (var range in element.Split(';'))
        {
            var pair = element[range].Trim(" \t");
            if (!pair.StartsWith("for=", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            return ClientAddress.TryParse(pair["for=".Length..].Trim('"'), out address);
        }
        return false;
    }
}
