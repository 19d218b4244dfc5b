using Microsoft.AspNetCore.Connections.Features;

namespace Edge.Endpoints;

/// <summary>
/// Cancelled when the peer has ended its side of the connection. A request is not aborted then, because a client that has
/// nothing more to ask may still read its answer; but one that waits for long is to end, and its place is wanted.
/// </summary>
internal static class EndOfPeer
{
    public static CancellationToken Of(HttpContext context) =>
        context.Features.Get<IConnectionLifetimeFeature>()?.ConnectionClosed ?? CancellationToken.None;
}
