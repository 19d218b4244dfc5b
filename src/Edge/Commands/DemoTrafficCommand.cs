using System.CommandLine;
using System.Globalization;
using System.Net;
using Edge.Catalog;
using Edge.Commands.Streams;
using Edge.Endpoints;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>
/// <c>edge demo-traffic</c>: plays visitors of the example experiments against the service on this machine, so that
/// their results have something on them. Bounded in number and time, and labelled: every request has the referrer
/// <see cref="Label"/>, and every visitor an id that begins with <c>demo-traffic</c>.
/// </summary>
internal static class DemoTrafficCommand
{
    /// <summary>What every request says it comes from; no site has this name (RFC 6761).</summary>
    public const string Label = "https://demo-traffic.invalid/";

    /// <summary>What stands for the address of an origin that the settings do not name.</summary>
    private const string OriginPlaceholder = "ORIGIN";

    private const int VisitorsMax = 100_000;
    private const int SecondsMax = 3_600;
    private const int Concurrent = 8;
    private const int AnswerBytesMax = 64 << 10;
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(10);

    private static readonly string[] UserAgents =
    [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
    ];

    /// <summary>How often a visitor follows the link, or buys, in percent: the second variant is twice as good.</summary>
    private static readonly Dictionary<string, int> PercentOf = new(StringComparer.Ordinal)
    {
        ["a"] = 10,
        ["b"] = 20,
        ["https://example.com/long"] = 15,
        ["https://example.com/short"] = 30,
    };

    public static Command Define(StandardStreams io)
    {
        var url = new Option<string>("--url")
        {
            HelpName = "URL",
            Description = "Address of the service on this machine; without it the configured one (urls).",
        };
        var visitors = new Option<int>("--visitors")
        {
            HelpName = "COUNT",
            Description = $"How many visitors come, 1 to {VisitorsMax}.",
            DefaultValueFactory = static _ => 400,
        };
        var seconds = new Option<int>("--seconds")
        {
            HelpName = "SECONDS",
            Description = $"Over how long they come, 0 (as fast as it goes) to {SecondsMax}.",
            DefaultValueFactory = static _ => 20,
        };
        var command = new Command(
            "demo-traffic",
            "Plays visitors of the example experiments against edge serve --demo on this machine."
        )
        {
            url,
            visitors,
            seconds,
        };
        var settings = SettingsArguments.AddTo(command);
        command.SetAction(
            async (result, cancellation) =>
            {
                var (count, time) = (result.GetValue(visitors), result.GetValue(seconds));
                if (count is < 1 or > VisitorsMax || time is < 0 or > SecondsMax)
                {
                    await io.Error.WriteLineAsync(
                        $"edge demo-traffic: --visitors must be 1 to {VisitorsMax}, --seconds 0 to {SecondsMax}"
                    );
                    return ExitCode.WrongUsage;
                }

                var given = result.GetValue(url);
                return settings.LoadUnlessNamed(result, given, io.Error) is { } options
                    ? await RunAsync(options, given, count, TimeSpan.FromSeconds(time), io, cancellation)
                    : ExitCode.Failure;
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(
        EdgeOptions options,
        string? url,
        int visitors,
        TimeSpan over,
        StandardStreams io,
        CancellationToken cancellation
    )
    {
        if (ServiceAddress.OfPublic(options, url) is not { } address)
        {
            await io.Error.WriteLineAsync($"edge demo-traffic: {ServiceAddress.Problem(url)}");
            return ExitCode.WrongUsage;
        }

        if (!address.Uri.IsLoopback)
        {
            await io.Error.WriteLineAsync(
                $"edge demo-traffic: {address} is not on this machine; start the service here with edge serve --demo"
            );
            return ExitCode.WrongUsage;
        }

        using var service = new ServiceClient(address, options.HttpProtocol, AnswerDeadline, AnswerBytesMax);
        try
        {
            var (status, _) = await service.GetAsync(
                new Uri(address.Uri, $"/s/{DemoExperiments.PagesSlug}/resolve"),
                cancellation
            );
            if (status != HttpStatusCode.OK)
            {
                await io.Error.WriteLineAsync(
                    $"edge demo-traffic: {address} has no running experiment {DemoExperiments.PagesSlug}; start it with"
                        + " edge serve --demo and an empty data directory"
                );
                return ExitCode.Failure;
            }

            var traffic = new Traffic(service, address.Uri);
            await traffic.PlayAsync(visitors, over, cancellation);
            var results = await ResultsRootAsync(options, service, address.Uri, cancellation);
            var where = results.StartsWith(OriginPlaceholder, StringComparison.Ordinal)
                ? $"; {OriginPlaceholder} is the address of this edge's origin"
                : "";
            await io.Out.WriteLineAsync(
                $"""
                {visitors} visitors: {traffic.Pixels} pixels, {traffic.Clicks} clicks, {traffic.Conversions} conversions.
                A visitor counts in the results when the attribution window of a minute, and ten seconds for what is late, are over{where}:
                  curl -H "Authorization: Bearer $KEY" {results}experiments/api/{DemoExperiments.AbUid}/results
                  curl -H "Authorization: Bearer $KEY" {results}experiments/api/{DemoExperiments.PagesUid}/results
                """
            );
            return ExitCode.Success;
        }
        catch (ServiceUnreachableException e)
        {
            await io.Error.WriteLineAsync(
                $"edge demo-traffic: {address}: {e.Message}; is the service running there? --url asks elsewhere"
            );
            return ExitCode.Failure;
        }
    }

    /// <summary>
    /// Where the results are: at the service, unless it is an edge of a fleet, whose origin only the settings may name.
    /// </summary>
    private static async Task<string> ResultsRootAsync(
        EdgeOptions options,
        ServiceClient service,
        Uri address,
        CancellationToken cancellation
    )
    {
        var (_, body) = await service.GetAsync(new Uri(address, "/experiments/api"), cancellation);
        return !body.Contains("/" + Problem.OtherRole + "\"", StringComparison.Ordinal) ? address.ToString()
            : options.FleetOriginUrl.Length > 0 ? options.FleetOriginUrl.TrimEnd('/') + "/"
            : OriginPlaceholder + "/";
    }

    /// <summary>The visitors of one run, and what they did.</summary>
    private sealed class Traffic(ServiceClient service, Uri root)
    {
        private readonly string _run = Random.Shared.Next().ToString("x8", CultureInfo.InvariantCulture);
        private int _pixels;
        private int _clicks;
        private int _conversions;

        public int Pixels => _pixels;
        public int Clicks => _clicks;
        public int Conversions => _conversions;

        public Task PlayAsync(int visitors, TimeSpan over, CancellationToken cancellation)
        {
            var started = TimeProvider.System.GetTimestamp();
            return Parallel.ForEachAsync(
                Enumerable.Range(0, visitors),
                new ParallelOptions { MaxDegreeOfParallelism = Concurrent, CancellationToken = cancellation },
                async (visitor, cancelled) =>
                {
                    var due = (over * visitor / visitors) - TimeProvider.System.GetElapsedTime(started);
                    if (due > TimeSpan.Zero)
                    {
                        await Task.Delay(due, cancelled);
                    }

                    await VisitAsync(visitor, cancelled);
                }
            );
        }

        /// <summary>Reads a mail, perhaps follows its link; comes to a landing page, perhaps buys; uses a smart link.</summary>
        private async Task VisitAsync(int visitor, CancellationToken cancellation)
        {
            var unit = $"u=demo-traffic-{_run}-{visitor}";
            var agent = UserAgents[visitor % UserAgents.Length];
            using var shown = await SendAsync(
                HttpMethod.Get,
                $"/s/{DemoExperiments.AbSlug}/resolve?{unit}",
                agent,
                cancellation
            );
            using var pixel = await SendAsync(
                HttpMethod.Get,
                $"/s/{DemoExperiments.AbSlug}/pixel.gif?{unit}",
                agent,
                cancellation
            );
            Interlocked.Increment(ref _pixels);
            var answer = await shown.Content.ReadAsStringAsync(cancellation);
            if (Happens(answer.Contains("\"b\"", StringComparison.Ordinal) ? "b" : "a"))
            {
                await ClickAsync(DemoExperiments.AbSlug, unit, agent, cancellation);
            }

            var page = await ClickAsync(DemoExperiments.PagesSlug, unit, agent, cancellation);
            if (page is not null && Happens(page))
            {
                using var conversion = await SendAsync(
                    HttpMethod.Post,
                    $"/s/events?{unit}",
                    agent,
                    cancellation,
                    $$"""{"event":"conversion","experiment":"{{DemoExperiments.PagesSlug}}"}"""
                );
                Interlocked.Add(ref _conversions, conversion.IsSuccessStatusCode ? 1 : 0);
            }

            await ClickAsync(DemoExperiments.SmartSlug, unit, agent, cancellation);
        }

        private static bool Happens(string choice) =>
            Random.Shared.Next(100) < PercentOf.GetValueOrDefault(choice);

        /// <summary>Follows a link as far as its answer; where it leads.</summary>
        private async Task<string?> ClickAsync(
            string slug,
            string unit,
            string agent,
            CancellationToken cancellation
        )
        {
            using var answer = await SendAsync(HttpMethod.Get, $"/s/{slug}/click?{unit}", agent, cancellation);
            Interlocked.Increment(ref _clicks);
            return answer.Headers.Location?.OriginalString;
        }

        private async Task<HttpResponseMessage> SendAsync(
            HttpMethod method,
            string target,
            string agent,
            CancellationToken cancellation,
            string? json = null
        )
        {
            using var request = new HttpRequestMessage(method, new Uri(root, target));
            request.Headers.TryAddWithoutValidation("User-Agent", agent);
            request.Headers.TryAddWithoutValidation("Referer", Label);
            if (json is not null)
            {
                request.Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
            }

            return await service.SendAsync(request, cancellation);
        }
    }
}
