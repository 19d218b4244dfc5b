using System.Net;
using System.Text;
using Edge.LoadTests.Generation;
using Edge.LoadTests.Scenarios;
using Edge.LoadTests.Targets;

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

    /// <param name="scenario">Whose steps.</param>
    /// <param name="traffic">What they are made of.</param>
    /// <param name="client">Sends them.</param>
    /// <param name="timeout">How long each answer is awaited.</param>
    /// <param name="afterFirst">Called once, after the first request of which the server makes events.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>What was sent.</returns>
    /// <exception cref="UsageException">The service is not there, or an answer is not what it should be.</exception>
    public static async Task<Recorder> RunAsync(
        Scenario scenario,
        Traffic traffic,
        HttpClient client,
        TimeSpan timeout,
        Func<Task> afterFirst,
        CancellationToken cancellation
    )
    {
        var isFirst = true;
        var recorder = new Recorder(measureFrom: long.MaxValue);
        var number = FirstNumber;
        var samples = scenario.Samples;
        if (samples.Any(sample => sample.Target.StartsWith($"/s/{traffic.Experiment}/", StringComparison.Ordinal)))
        {
            await WithinAsync(token => CheckExperimentAsync(traffic, client, token));
        }

        foreach (var sample in samples)
        {
            await WithinAsync(token => CheckAsync(sample, number, client, token));
            recorder.Ended(sample, number, 0, 0, Fate.Passed, problem: null);
            number += HttpMessages.Numbers(sample);
            if (isFirst && sample.Events > 0)
            {
                isFirst = false;
                await afterFirst();
            }
        }

        return recorder;

        async Task WithinAsync(Func<CancellationToken, Task> send)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            deadline.CancelAfter(timeout);
            try
            {
                await send(deadline.Token);
            }
            catch (HttpRequestException e)
            {
                throw new UsageException(ConnectionProblem.Describe(client.BaseAddress!, e));
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new UsageException($"{client.BaseAddress} does not answer within {timeout.TotalSeconds:0.#} s");
            }
        }
    }

    /// <summary>
    /// A pixel is answered whether or not there is an experiment, and then counts nothing; asking for a variant tells.
    /// </summary>
    private static async Task CheckExperimentAsync(Traffic traffic, HttpClient client, CancellationToken cancellation)
    {
        using var message = Message(ResolveScenario.Ask(traffic, 0, $"{traffic.Run}-trial"), FirstNumber, client);
        using var response = await client.SendAsync(message, cancellation);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            throw new UsageException(
                $"there is no running experiment '{traffic.Experiment}' at {client.BaseAddress}; --experiment names one"
            );
        }
    }

    private static HttpRequestMessage Message(LoadRequest request, long number, HttpClient client)
    {
        var message = HttpMessages.Create(request, number);
        message.Version = client.DefaultRequestVersion;
        message.VersionPolicy = client.DefaultVersionPolicy;
        return message;
    }

    private static async Task CheckAsync(
        LoadRequest sample,
        long number,
        HttpClient client,
        CancellationToken cancellation
    )
    {
        using var message = Message(sample, number, client);
        using var response = await client.SendAsync(message, cancellation);
        var body = await response.Content.ReadAsByteArrayAsync(cancellation);
        if (HttpMessages.Problem(sample, response, body, number) is not { } problem)
        {
            return;
        }

        var said = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, ShownOfAnAnswer)));
        var meaning = problem switch
        {
            "HTTP 401" or "HTTP 403" => "the key is refused",
            "HTTP 404" => "there is no such route or experiment",
            // A beacon is a success whatever becomes of its events; what is wrong with them stands in the answer.
            _ when said.Contains("\"writeKey is ", StringComparison.Ordinal) => "the key is refused",
            _ => "the answer is not what it should be",
        };
        throw new UsageException($"{sample.Method} {sample.Target.Split('?')[0]}: {meaning} ({problem}): {said}");
    }
}
