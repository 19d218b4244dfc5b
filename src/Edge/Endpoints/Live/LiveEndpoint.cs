using System.Threading.Channels;
using Edge.Access;
using Edge.Catalog;
using Edge.Endpoints.Management;
using Edge.Events;
using Edge.Experiments;
using Edge.Formats;
using Edge.Telemetry;

namespace Edge.Endpoints.Live;

/// <summary><c>GET /events/live</c>: the live feed as server-sent events, for as long as the key or session is valid.</summary>
internal sealed class LiveEndpoint(
    LiveFeed feed,
    ManagementAccess access,
    CatalogHolder catalog,
    TimeProvider time,
    Metrics metrics
)
{
    public const string Path = "/events/live";

    private static readonly string[] Parameters = ["experiment", "type", "verdict"];

    /// <summary>How often a quiet stream shows that it lives, and the key is looked at again.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public Task HandleAsync(HttpContext context)
    {
        if (access.Admit(context, RouteName.Live, out var refusal) is not { } key)
        {
            return refusal;
        }

        var isHead = RequestMethod.IsHead(context.Request.Method);
        if (!isHead && !RequestMethod.IsGet(context.Request.Method))
        {
            metrics.Count(RouteName.Live, Outcome.MethodNotAllowed);
            return Problem.MethodNotAllowedAsync(context);
        }

        var violations = new Violations();
        ManagementRoutes.NoteUnknown(context.Request.Query, Parameters, violations);
        var query = new QueryFields(context.Request.Query, violations);
        var filter = new LiveFilter(
            ReadExperiment(query, violations),
            query.Word("type", [.. EventSchema.Types, LiveFeed.Refused]),
            query.Word("verdict", VerdictNames.All),
            key.Team,
            catalog
        );
        if (violations.Count > 0)
        {
            metrics.Count(RouteName.Live, Outcome.Refused);
            return Problem.ValidationAsync(context, violations.List);
        }

        WriteHeaders(context.Response);
        if (isHead)
        {
            metrics.Count(RouteName.Live, Outcome.Answered);
            return Task.CompletedTask;
        }

        if (feed.Join(filter, key.Id) is not { } reader)
        {
            metrics.Count(RouteName.Live, Outcome.RateLimited);
            return Problem.UnavailableAsync(context, $"There are {LiveFeed.ReadersMax} readers already, or {LiveFeed.ReadersOfKeyMax} with this key.");
        }

        metrics.Count(RouteName.Live, Outcome.Answered);
        reader.OnDropped = context.Abort;
        RequestDeadline.Lift(context);
        return StreamAsync(context, reader, key);
    }

    /// <summary>One that is not there yet may come, so anything of the form is taken.</summary>
    private static string? ReadExperiment(QueryFields query, Violations violations)
    {
        const string Name = "experiment";
        var text = query.Text(Name, ExperimentRules.UidCharsMax);
        if (text is not null && !Slug.IsWellFormed(text) && !Lifecycle.IsUid(text))
        {
            violations.Add(Name, "must be a slug or the uid of an experiment", ViolationCodes.InvalidFormat);
        }

        return text;
    }

    private static void WriteHeaders(HttpResponse response)
    {
        Replies.ForbidCaching(response.Headers);
        response.ContentType = "text/event-stream";
        // Or a proxy in front would collect events until there are enough.
        response.Headers["X-Accel-Buffering"] = "no";
    }

    private async Task StreamAsync(HttpContext context, LiveReader reader, ApiKey key)
    {
        var response = context.Response;
        using var left = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, EndOfPeer.Of(context));
        try
        {
            await SendAsync(response, "retry: 3000\n\n"u8.ToArray(), left.Token);
            while (await NextAsync(reader.Waiting, left.Token) is { } message)
            {
                if (message.Length > 0)
                {
                    await SendAsync(response, message, left.Token);
                }
                else if (access.IsStillAdmitted(context, key))
                {
                    await SendAsync(response, ": heartbeat\n\n"u8.ToArray(), left.Token);
                }
                else
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client has gone.
        }
        finally
        {
            feed.Leave(reader);
        }
    }

    /// <summary>The next message; empty when there was none for a while, null when none will come.</summary>
    private async Task<byte[]?> NextAsync(ChannelReader<byte[]> waiting, CancellationToken left)
    {
        if (waiting.TryRead(out var message))
        {
            return message;
        }

        using var beat = new CancellationTokenSource(Heartbeat, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(left, beat.Token);
        try
        {
            return await waiting.WaitToReadAsync(either.Token) && waiting.TryRead(out message) ? message : null;
        }
        catch (OperationCanceledException) when (!left.IsCancellationRequested)
        {
            return [];
        }
    }

    private static async Task SendAsync(HttpResponse response, byte[] message, CancellationToken left)
    {
        await response.Body.WriteAsync(message, left);
        await response.Body.FlushAsync(left);
    }
}
