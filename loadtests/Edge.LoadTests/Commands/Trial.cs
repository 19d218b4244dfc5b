using System.Text;
using Edge.LoadTests.Generation;
using Edge.LoadTests.Scenarios;

namespace Edge.LoadTests.Commands;

/// <summary>
/// One request of each step before anything is measured, so that a wrong key or slug is found. The server counts them
/// like all others.
/// </summary>
internal static class Trial
{
    // Numbers that no generating thread reaches.
    private const long FirstNumber = 990_000_000_000;
    private const int ShownOfAnAnswer = 200;

    /// <returns>What was sent.</returns>
    /// <exception cref="UsageException">The service is not there, or an answer is not what it should be.</exception>
    public static async Task<Recorder> RunAsync(
        Scenario scenario,
        HttpClient client,
        TimeSpan timeout,
        CancellationToken cancellation
    )
    {
        var recorder = new Recorder(measureFrom: long.MaxValue);
        var number = FirstNumber;
        foreach (var sample in scenario.Samples)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            deadline.CancelAfter(timeout);
            try
            {
                if (await ProblemAsync(sample, number, client, deadline.Token) is { } problem)
                {
                    throw new UsageException(problem);
                }
            }
            catch (HttpRequestException e)
            {
                throw new UsageException($"{client.BaseAddress} cannot be reached: {e.Message}");
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new UsageException($"{client.BaseAddress} does not answer within {timeout.TotalSeconds:0.#} s");
            }

            recorder.Ended(sample, number, 0, 0, Fate.Passed, problem: null);
            number += HttpMessages.Numbers(sample);
        }

        return recorder;
    }

    private static async Task<string?> ProblemAsync(
        LoadRequest sample,
        long number,
        HttpClient client,
        CancellationToken cancellation
    )
    {
        using var message = HttpMessages.Create(sample, number);
        message.Version = client.DefaultRequestVersion;
        message.VersionPolicy = client.DefaultVersionPolicy;
        using var response = await client.SendAsync(message, cancellation);
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        if (HttpMessages.Problem(sample, response, body, number) is not { } problem)
        {
            return null;
        }

        var meaning = problem switch
        {
            "HTTP 401" or "HTTP 403" => "the key is refused",
            "HTTP 404" => "there is no such route or experiment",
            _ => "the answer is not what it should be",
        };
        var said = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, ShownOfAnAnswer)));
        return $"{sample.Method} {sample.Target.Split('?')[0]}: {meaning} ({problem}): {said}";
    }
}
