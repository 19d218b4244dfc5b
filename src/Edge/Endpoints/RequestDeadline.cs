using Edge.Telemetry;

namespace Edge.Endpoints;

/// <summary>Answers a request, and says at once by which route.</summary>
internal delegate Task RoutedRequest(HttpContext context, out RouteName route);

/// <summary>
/// The deadline of a whole request: whatever a handler still waits for then, the connection is closed. The listener's
/// own limits are per phase (headers, idle, data rate) and a patient client can add them up. Costs nothing for an
/// answer that is complete at once.
/// </summary>
internal sealed class RequestDeadline(TimeSpan limit, TimeProvider time, RoutedRequest next)
{
    /// <summary>Has a request answered for as long as its client likes; to be called before its handler first waits.</summary>
    public static void Lift(HttpContext context) => context.Features.Set(Lifted.Instance);

    public Task HandleAsync(HttpContext context, out RouteName route)
    {
        var answer = next(context, out route);
        return answer.IsCompletedSuccessfully || context.Features.Get<Lifted>() is not null
            ? answer
            : WaitAsync(context, answer);
    }

    private async Task WaitAsync(HttpContext context, Task answer)
    {
        try
        {
            await answer.WaitAsync(limit, time);
        }
        catch (TimeoutException)
        {
            context.Abort();
            // The handler sees the abort and ends; the request may not be torn down under it before that.
            await answer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Marks a request without a deadline.</summary>
    private sealed class Lifted
    {
        public static readonly Lifted Instance = new();
    }
}
