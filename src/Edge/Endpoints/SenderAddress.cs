using Edge.Access;
using Edge.Formats;
using Edge.Requests;

namespace Edge.Endpoints;

/// <summary>
/// The address of the sender of a request, for limits: behind trusted proxies that of the visitor. Immutable and thread
/// safe.
/// </summary>
internal sealed class SenderAddress(VisitRequestReader requests, ClientAddressResolver addresses)
{
    /// <summary>The address as a number: IPv4 in the low 32 bits, or all 128 bits of IPv6.</summary>
    public UInt128 Of(HttpContext context, out bool isV4)
    {
        HeaderLineBuffer lines = default;
        var request = requests.Read(context, lines);
        return addresses.Resolve(request.Peer, request.Headers).ToBits(out isV4);
    }

    /// <summary>Whether the request is a test's, which limits of senders do not count.</summary>
    public bool IsTest(HttpContext context) => !requests.SyntheticTestOf(context).IsEmpty;
}

/// <summary>
/// Limits requests with wrong keys by address. A right key is never refused because of wrong ones: they may come from a
/// neighbour behind the same address. Thread safe.
/// </summary>
/// <param name="window">The limit; null for none.</param>
/// <param name="addresses">Where requests come from.</param>
internal sealed class WrongKeys(AddressWindow? window, SenderAddress addresses)
{
    /// <summary>Counts a request with a wrong key; the limit when it is used up, else null.</summary>
    public RateDecision? Count(HttpContext context)
    {
        if (window is null)
        {
            return null;
        }

        var address = addresses.Of(context, out var isV4);
        return window.Count(address, isV4) is { IsAllowed: false } rate ? rate : null;
    }
}
