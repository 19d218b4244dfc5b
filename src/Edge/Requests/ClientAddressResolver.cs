using System.Net;
using Edge.Settings;
using Microsoft.Extensions.Primitives;

namespace Edge.Requests;

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

    /// <summary>The visitor's address, given the socket peer and the values of <see cref="HeaderName"/>.</summary>
    public ClientAddress Resolve(IPAddress? peer, in StringValues forwarded)
    {
        var current = ClientAddress.From(peer);
        if (_trusted.Length == 0 || forwarded.Count == 0 || !IsTrusted(current))
        {
            return current;
        }

        var hops = 0;
        for (var line = forwarded.Count - 1; line >= 0; line--)
        {
            var rest = forwarded[line].AsSpan();
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

    /// <summary>Whether a socket peer is one of the configured proxies, whose headers are believed.</summary>
    public bool IsTrustedPeer(IPAddress? peer) => _trusted.Length > 0 && IsTrusted(ClientAddress.From(peer));

    private bool IsTrusted(in ClientAddress address)
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
