namespace Edge.Endpoints;

/// <summary>
/// The deadline of a whole request: whatever a handler still waits for then, the connection is closed. The listener's
/// own limits are per phase (headers, idle, data rate) and a patient client can add them up. Costs nothing for an
/// answer that is complete at once.
/// </summary>
internal sealed class RequestDeadline(TimeSpan limit, TimeProvider time, RequestDelegate next)
{
    public Task HandleAsync(HttpContext context)
    {
        var answer = next(context);
        return answer.IsCompletedSuccessfully ? answer : WaitAsync(context, answer);
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
}
