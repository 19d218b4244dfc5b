using Edge.Endpoints;
using Edge.Telemetry;
using Edge.Transport;
using Microsoft.AspNetCore.Connections.Features;

namespace Edge.Hosting;

/// <summary>
/// Notes on a connection that a request of the server's runs on it and how long its body is, counts how long its answer
/// takes, and asks the client to leave while the service stops. Thread safe; allocates nothing for answers that are
/// complete at once.
/// </summary>
internal sealed class RequestTracking(
    ConnectionTable connections,
    Metrics metrics,
    TimeProvider time,
    RoutedRequest next
)
{
    private readonly RequestDurations _durations = metrics.AddDurations(time);

    public Task HandleAsync(HttpContext context)
    {
        var place = context.Features.Get<ConnectionPlace>();
        if (connections.IsDraining)
        {
            AskToLeave(context);
        }

        TellBody(context);
        var since = time.GetTimestamp();
        var route = RouteName.Other;
        Begin(place);
        Task task;
        try
        {
            task = next(context, out route);
        }
        catch
        {
            End(place, route, since);
            throw;
        }

        if (!task.IsCompleted)
        {
            return EndAsync(place, route, since, task);
        }

        End(place, route, since);
        return task;
    }

    private void Begin(ConnectionPlace? place)
    {
        metrics.Begin();
        place?.Begin();
    }

    private void End(ConnectionPlace? place, RouteName route, long since)
    {
        place?.End(time.GetTimestamp());
        metrics.End();
        // A stream takes as long as its reader likes.
        if (route != RouteName.Live)
        {
            _durations.Record(route, since);
        }
    }

    /// <summary>Tells the reader of the connection where the next request will begin.</summary>
    private static void TellBody(HttpContext context)
    {
        var request = context.Request;
        if (!HttpProtocol.IsHttp2(request.Protocol))
        {
            var isChunked = request.Headers.TransferEncoding.Count > 0;
            context.Features.Get<RequestReader>()?.ExpectBody(isChunked ? null : request.ContentLength ?? 0);
        }
    }

    private static void AskToLeave(HttpContext context)
    {
        if (HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
        else
        {
            context.Response.Headers.Connection = "close";
        }
    }

    private async Task EndAsync(ConnectionPlace? place, RouteName route, long since, Task task)
    {
        try
        {
            await task;
        }
        finally
        {
            End(place, route, since);
        }
    }
}
