using Edge.Transport;
using Microsoft.AspNetCore.Connections.Features;

namespace Edge.Hosting;

/// <summary>
/// Notes on a connection that a request of the server's runs on it and how long its body is, and asks the client to
/// leave while the service stops. Thread safe; allocates nothing for answers that are complete at once.
/// </summary>
internal sealed class RequestTracking(ConnectionTable connections, TimeProvider time, RequestDelegate next)
{
    public Task HandleAsync(HttpContext context)
    {
        if (context.Features.Get<ConnectionPlace>() is not { } place)
        {
            return next(context);
        }

        if (connections.IsDraining)
        {
            AskToLeave(context);
        }

        TellBody(context);
        place.Begin();
        Task task;
        try
        {
            task = next(context);
        }
        catch
        {
            place.End(time.GetTimestamp());
            throw;
        }

        if (!task.IsCompleted)
        {
            return EndAsync(place, task);
        }

        place.End(time.GetTimestamp());
        return task;
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

    private async Task EndAsync(ConnectionPlace place, Task task)
    {
        try
        {
            await task;
        }
        finally
        {
            place.End(time.GetTimestamp());
        }
    }
}
