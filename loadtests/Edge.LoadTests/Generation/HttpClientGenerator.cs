using System.Net;
using System.Net.Security;
using Edge.LoadTests.Scenarios;
using Edge.LoadTests.Simulations;

namespace Edge.LoadTests.Generation;

/// <summary>
/// HTTP/2, and everything over TLS, through the platform's client: more expensive than
/// <see cref="SocketGenerator"/>, and measured the same way.
/// </summary>
internal sealed class HttpClientGenerator : IGenerator
{
    private const long LookAtCopies = 10_000_000;

    private readonly GeneratorOptions _options;
    private readonly Recorder _recorder;
    private readonly HttpClient _client;
    private long _number = 1;

    public HttpClientGenerator(GeneratorOptions options)
    {
        _options = options;
        _recorder = new Recorder((long)(options.WarmUp.TotalSeconds * 1e9));
        _client = Client(options);
    }

    public IReadOnlyList<Recorder> Recorders => [_recorder];

    public async Task RunAsync(Scenario scenario, LoadPlan plan, long start, CancellationToken cancellation)
    {
        var random = new Random(_options.Seed);
        var underWay = new HashSet<Task>();
        var copies = new HashSet<Task>();
        var pace = new CopyPace(_options.CopyRateMax);
        using var arrivals = plan.Arrivals().GetEnumerator();
        var next = arrivals.MoveNext() ? arrivals.Current : long.MaxValue;
        while (!cancellation.IsCancellationRequested)
        {
            var now = Clock.Now - start;
            for (; next <= now; next = arrivals.MoveNext() ? arrivals.Current : long.MaxValue)
            {
                underWay.Add(SendAsync(scenario, random, start, next));
            }

            copies.RemoveWhere(static task => task.IsCompleted);
            var wanted = plan.CopiesAt(now);
            while (copies.Count < wanted && pace.MayBegin(now))
            {
                copies.Add(SendAsync(scenario, random, start, now));
            }

            if (now >= plan.Length && next == long.MaxValue)
            {
                break;
            }

            underWay.RemoveWhere(static task => task.IsCompleted);
            var isHeld = copies.Count < wanted;
            var wake = Math.Min(next, isHeld ? pace.Next : now + LookAtCopies);
            await WaitAsync(wake - (Clock.Now - start), isHeld ? [] : copies);
        }

        await Task.WhenAll([.. underWay, .. copies]);
    }

    public void Dispose() => _client.Dispose();

    /// <summary>A client for the address; deadlines are its callers'.</summary>
    public static HttpClient Client(GeneratorOptions options) =>
        new(Handler(options))
        {
            BaseAddress = options.Address,
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = options.IsHttp2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

    private static SocketsHttpHandler Handler(GeneratorOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            MaxConnectionsPerServer = options.Connections,
            EnableMultipleHttp2Connections = true,
        };
        if (options.TrustsAnyCertificate)
        {
#pragma warning disable CA5359 // Only when the caller says --insecure, for a certificate of their own.
            handler.SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
            };
#pragma warning restore CA5359
        }

        return handler;
    }

    private static async Task WaitAsync(long nanoseconds, HashSet<Task> copies)
    {
        if (copies.Count > 0)
        {
            await Task.WhenAny(copies);
        }
        else if (nanoseconds > 0)
        {
            // The platform's timers count milliseconds; what is due within the next one is sent when it ends.
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Max(1, nanoseconds / 1_000_000)));
        }
    }

    private async Task SendAsync(Scenario scenario, Random random, long start, long intended)
    {
        var request = scenario.Next(random, TimeSpan.FromTicks(intended / 100) - _options.WarmUp);
        var number = _number;
        _number += HttpMessages.Numbers(request);
        _recorder.Intended(intended);
        using var message = HttpMessages.Create(request, number);
        message.Version = _client.DefaultRequestVersion;
        message.VersionPolicy = _client.DefaultVersionPolicy;
        _recorder.Sent(intended, Clock.Now - start, waitedForConnection: false);
        using var deadline = new CancellationTokenSource(_options.Timeout);
        try
        {
            // The loop of arrivals goes on while this one is sent.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            using var response = await _client.SendAsync(message, deadline.Token);
            var body = await response.Content.ReadAsByteArrayAsync(deadline.Token);
            var ended = Clock.Now - start;
            var problem = HttpMessages.Problem(request, response, body, number);
            var fate = Fates.Of(problem, (int)response.StatusCode);
            _recorder.Ended(request, number, intended, ended, fate, problem);
        }
        catch (OperationCanceledException)
        {
            _recorder.Ended(request, number, intended, Clock.Now - start, Fate.TimedOut, "no answer in time");
        }
        catch (HttpRequestException e)
        {
            _recorder.Ended(
                request,
                number,
                intended,
                Clock.Now - start,
                Fate.Broken,
                $"connection: {e.HttpRequestError}"
            );
        }
    }
}
