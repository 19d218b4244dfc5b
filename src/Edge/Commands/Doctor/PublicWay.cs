using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Edge.Fleet.Following;
using Edge.Settings;
using Edge.Telemetry;

namespace Edge.Commands.Doctor;

/// <summary>
/// The way that visitors take: name, certificate, proxies, seen by asking the service through its public address and by
/// looking at what it counted meanwhile. Sends requests that record nothing.
/// </summary>
internal sealed class PublicWay(EdgeOptions options, Uri url, Findings findings)
{
    private const string Subject = "public";
    private const int PixelBytes = 43;
    private const int AnswerMaxBytes = 4 << 20;

    /// <summary>
    /// Requests with a wrong key, by which the service is recognised: others may ask at the same time.
    /// </summary>
    private const int Probes = 3;

    private const string WrongKey = "edge-doctor";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly bool _isOrigin = options.Role == NodeRole.Origin;

    /// <summary>What is wrong with an address; null when nothing is.</summary>
    public static string? ProblemOf(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var parsed)
        && parsed.Scheme is "http" or "https"
        && parsed.UserInfo.Length == 0
            ? null
            : $"'{url}' is not the address of a web server; give --public https://edge.example.com";

    public Task RunAsync(CancellationToken cancellation) =>
        findings.LookAsync(Subject, _ => CheckAsync(cancellation), cancellation);

    /// <summary>What the service counts those as.</summary>
    private string ReceivedCounter =>
        $"{MetricFamilies.RequestsTotal.Name}{{route=\"{(_isOrigin ? "fleet" : "bulk_track")}\",outcome=\"unauthorized\"}}";

    private async Task CheckAsync(CancellationToken cancellation)
    {
        if (!await CheckNameAsync(cancellation))
        {
            return;
        }

        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            BaseAddress = url,
            Timeout = Deadline,
            MaxResponseContentBufferSize = AnswerMaxBytes,
        };
        try
        {
            if (_isOrigin)
            {
                await CheckCatalogAsync(http, cancellation);
            }
            else
            {
                await CheckPixelAsync(http, cancellation);
            }

            await CheckPagesAsync(http, cancellation);
            await CheckAddressAsync(http, cancellation);
        }
        catch (Exception e)
            when (e is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            findings.Fail(
                Subject,
                $"{url} cannot be asked: {(e.InnerException ?? e).Message}",
                "check certificate, firewall and the proxy in front"
            );
        }
    }

    private async Task<bool> CheckNameAsync(CancellationToken cancellation)
    {
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(url.IdnHost, cancellation);
            findings.Ok(Subject, $"{url.Host} is {string.Join(", ", Array.ConvertAll(addresses, static a => a.ToString()))}");
            return true;
        }
        catch (SocketException e)
        {
            findings.Fail(Subject, $"{url.Host} has no address: {e.Message}", "check the DNS record");
            return false;
        }
    }

    private async Task CheckPixelAsync(HttpClient http, CancellationToken cancellation)
    {
        using var answer = await http.GetAsync("/s/edge-doctor/pixel.gif", cancellation);
        ReportTls(answer, "visitors come without TLS", "browsers drop pixels of http:// on pages of https://");
        var body = await answer.Content.ReadAsByteArrayAsync(cancellation);
        if (answer.StatusCode != HttpStatusCode.OK || body.Length != PixelBytes)
        {
            findings.Fail(
                Subject,
                $"a pixel is answered {(int)answer.StatusCode} with {body.Length} bytes instead of 200 with {PixelBytes}",
                "something in between does not pass /s/ on to Edge as it is"
            );
        }
        else if (answer.Headers.CacheControl is not { NoStore: true })
        {
            findings.Fail(Subject, "something in between changes Cache-Control", "a cached pixel is not counted: pass the header on");
        }
        else
        {
            findings.Ok(Subject, "a pixel comes as Edge sends it");
        }
    }

    /// <summary>
    /// Asks an origin as its edges do, but without the token, which is nobody's business at an address that may be wrong.
    /// </summary>
    private async Task CheckCatalogAsync(HttpClient http, CancellationToken cancellation)
    {
        using var answer = await http.GetAsync(OriginClient.Path, cancellation);
        ReportTls(answer, "edges and people come without TLS", "who listens learns the fleet's token and the keys: use https://");
        if (answer.StatusCode == HttpStatusCode.Unauthorized)
        {
            findings.Ok(Subject, "the catalog is asked for its token, as an origin does");
        }
        else if (answer.StatusCode == HttpStatusCode.NotFound && options.ApiListener == ManagementListener.Admin)
        {
            findings.Note(Subject, "the catalog is not there, because api.listener is admin", "give --public the address of adminUrls");
        }
        else
        {
            findings.Fail(
                Subject,
                $"the catalog is answered {(int)answer.StatusCode} instead of 401",
                $"something in between does not pass {OriginClient.Path} on to this origin"
            );
        }
    }

    private void ReportTls(HttpResponseMessage answer, string without, string remedy)
    {
        if (url.Scheme == Uri.UriSchemeHttps)
        {
            findings.Ok(Subject, $"the certificate is valid for {url.Host}, HTTP/{answer.Version}");
        }
        else
        {
            findings.Warn(Subject, without, remedy);
        }
    }

    private async Task CheckPagesAsync(HttpClient http, CancellationToken cancellation)
    {
        foreach (var page in new[] { "/metrics", "/ledger" })
        {
            using var answer = await http.GetAsync(page, cancellation);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                findings.Warn(Subject, $"{page} is open to everybody", "move it to adminUrls, or close it with http.publicPages");
            }
        }
    }

    /// <summary>
    /// Whether the service believes the address that the proxies in front pass on: it counts what it does not believe.
    /// </summary>
    private async Task CheckAddressAsync(HttpClient http, CancellationToken cancellation)
    {
        if (options.WrongKeysPerMinute == 0)
        {
            findings.Note(Subject, "whether proxies are trusted is not known: api.wrongKeysPerMinute is 0, so addresses are not looked at");
            return;
        }

        if (await CountersAsync(cancellation) is not { } before)
        {
            findings.Note(
                Subject,
                "whether proxies are trusted is not known: /metrics of this node does not answer",
                "run edge doctor where the service runs, with its configuration"
            );
            return;
        }

        for (var i = 0; i < Probes; i++)
        {
            using var request = _isOrigin
                ? new HttpRequestMessage(HttpMethod.Get, OriginClient.Path)
                : new HttpRequestMessage(HttpMethod.Post, "/v1/bulk-track");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", WrongKey);
            using var answer = await http.SendAsync(request, cancellation);
        }

        if (await CountersAsync(cancellation) is not { } after)
        {
            return;
        }

        if (after.Received - before.Received < Probes)
        {
            findings.Warn(
                Subject,
                "requests did not reach this node",
                "it is not behind that address, or others are, too: ask each of them alone"
            );
        }
        else if (after.Untrusted - before.Untrusted >= Probes)
        {
            findings.Fail(
                Subject,
                "the proxy in front is not trusted, so every visitor has its address",
                "name its network in clientAddress.trustedProxies"
            );
        }
        else if (after.Malformed - before.Malformed >= Probes)
        {
            findings.Fail(
                Subject,
                "the proxy in front writes a forwarded header that cannot be read",
                $"clientAddress.header is {SettingValue.CamelCase(options.ForwardedHeader.ToString())}; let the proxy write that one"
            );
        }
        else
        {
            findings.Ok(Subject, "requests reach this node, with addresses that it believes");
        }
    }

    private async Task<(double Received, double Untrusted, double Malformed)?> CountersAsync(
        CancellationToken cancellation
    )
    {
        if (ServiceAddress.Of(options, null) is not { } address)
        {
            return null;
        }

        try
        {
            using var service = new ServiceClient(address, options.HttpProtocol, Deadline, AnswerMaxBytes);
            var (status, page) = await service.GetAsync(new Uri(address.Uri, "/metrics"), cancellation);
            return status == HttpStatusCode.OK
                ? (
                    ValueOf(page, ReceivedCounter),
                    ValueOf(page, MetricFamilies.ForwardedUntrustedTotal.Name),
                    ValueOf(page, MetricFamilies.ForwardedMalformedTotal.Name)
                )
                : null;
        }
        catch (ServiceUnreachableException)
        {
            return null;
        }
    }

    /// <summary>A counter that is not there yet is zero.</summary>
    private static double ValueOf(string page, string series)
    {
        foreach (var line in page.AsSpan().EnumerateLines())
        {
            if (
                line.StartsWith(series, StringComparison.Ordinal)
                && line.Length > series.Length
                && line[series.Length] == ' '
            )
            {
                return double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }
}
