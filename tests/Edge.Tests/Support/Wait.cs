using System.Diagnostics;

namespace Edge.Tests.Support;

/// <summary>
/// How tests wait: for what they need, not for a time. The limit is far beyond what any load on the machine explains,
/// so that running into it means that the awaited thing does not come; the message says what was seen instead.
/// </summary>
internal static class Wait
{
    /// <summary>For waits that are part of a library call.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Looks again and again until the condition holds.</summary>
    /// <param name="reached">What is waited for.</param>
    /// <param name="seen">What there is instead, for the message of a failure.</param>
    public static async Task UntilAsync(Func<bool> reached, Func<string> seen) =>
        _ = await ForAsync(() => Task.FromResult(reached()), isReached => isReached, _ => seen());

    /// <summary>Looks again and again until what is seen satisfies the condition, and returns it.</summary>
    public static async Task<T> ForAsync<T>(Func<Task<T>> look, Predicate<T> reached, Func<T, string>? describe = null)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var seen = await look();
            if (reached(seen))
            {
                return seen;
            }

            if (clock.Elapsed > Limit)
            {
                throw new TimeoutException(
                    $"not reached within {Limit.TotalSeconds} s; last seen: {describe?.Invoke(seen) ?? $"{seen}"}"
                );
            }

            await Task.Delay(Pause);
        }
    }
}
