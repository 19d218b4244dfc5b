using System.Net;
using System.Net.Http.Headers;
using Edge.Forwarding;
using Edge.Forwarding.Http;

namespace Edge.Settings.Sinks;

/// <summary>The settings of sinks that are reached over HTTP: types <c>http</c> and <c>clickhouse</c>.</summary>
internal static class HttpSinkSettings
{
    private const SinkType OverHttp = SinkType.Http | SinkType.ClickHouse;

    // What the sink itself says about a request; a second value would contradict it.
    private static readonly string[] OwnHeaders =
    [
        "Host",
        "Content-Length",
        "Content-Type",
        "Content-Encoding",
        "Transfer-Encoding",
        "Connection",
        HttpSink.BatchHeader,
        HttpSink.CountHeader,
        BodySignature.HeaderName,
    ];

    public static IEnumerable<SinkSetting> All() =>
        [
            SinkSetting.Text(
                OverHttp,
                "url",
                "Where the server is: http or https, without user and password. Required.",
                o => o.Url,
                (o, v) => o.Url = v,
                UrlProblem
            ),
            SinkSetting.Flag(OverHttp, "gzip", "Compress what is sent.", o => o.Gzip, (o, v) => o.Gzip = v),
            SinkSetting.Flag(
                OverHttp,
                "allowPrivate",
                "Connect to addresses that are not public: this machine, its networks.",
                o => o.AllowPrivate,
                (o, v) => o.AllowPrivate = v
            ),
            SinkSetting.List(
                OverHttp,
                "allowAddresses",
                "Networks (CIDR) or addresses that may be connected to although they are not public.",
                o => o.AllowAddresses,
                (o, v) => o.AllowAddresses = v,
                NetworkProblem
            ),
            SinkSetting.Number(
                OverHttp,
                "requestTimeoutMs",
                100,
                600_000,
                "Longest time one batch may take, the answer included.",
                o => o.RequestTimeoutMs,
                (o, v) => o.RequestTimeoutMs = (int)v
            ),
            SinkSetting.Choice(
                SinkType.Http,
                "format",
                "ndjson (one event per line), json (one array) or kafkaRest (what Kafka REST proxies take).",
                o => o.Format,
                (o, v) => o.Format = v
            ),
            SinkSetting.Text(
                SinkType.Http,
                "contentType",
                "Content type of the body; empty is that of the format.",
                o => o.ContentType,
                (o, v) => o.ContentType = v,
                static text =>
                    text.Length == 0 || MediaTypeHeaderValue.TryParse(text, out _)
                        ? null
                        : "must be a content type such as application/json"
            ),
            SinkSetting.Map(
                SinkType.Http,
                "headers",
                "More headers of every request, such as Authorization; their values are not shown.",
                o => string.Join(SettingValue.ListSeparator, o.Headers.Keys.Select(static name => name + "=(set)")),
                AssignHeader
            ),
            SinkSetting.Secret(
                SinkType.Http,
                "secret",
                "Key of the signature; empty sends none.",
                o => o.Secret,
                (o, v) => o.Secret = v
            ),
            SinkSetting.Text(
                SinkType.Http,
                "secretFile",
                "File with the key of the signature, read at start.",
                o => o.SecretFile,
                (o, v) => o.SecretFile = v
            ),
            SinkSetting.Secret(
                SinkType.Http,
                "secretPrevious",
                "The key before, which signs too until receivers know the new one.",
                o => o.SecretPrevious,
                (o, v) => o.SecretPrevious = v
            ),
            SinkSetting.Text(SinkType.ClickHouse, "user", "User of the server.", o => o.User, (o, v) => o.User = v),
        ];

    /// <summary>Networks of a list without a problem.</summary>
    public static IPNetwork[] Networks(string[] items) =>
        Array.ConvertAll(
            items,
            static item => IPNetwork.TryParse(item, out var network) ? network : Single(IPAddress.Parse(item))
        );

    private static IPNetwork Single(IPAddress address) => new(address, address.GetAddressBytes().Length * 8);

    private static string? UrlProblem(string text)
    {
        // The text is not repeated: people put passwords into addresses.
        if (
            !Uri.TryCreate(text, UriKind.Absolute, out var url)
            || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
        )
        {
            return "must be an address such as https://collector.example/events";
        }

        if (url.UserInfo.Length > 0)
        {
            return "must not hold a user or a password; they have settings of their own";
        }

        return url.Fragment.Length > 0 ? "must not hold a fragment" : null;
    }

    private static string? NetworkProblem(string text) =>
        IPNetwork.TryParse(text, out _) || IPAddress.TryParse(text, out _)
            ? null
            : $"'{text}' is not an address or network such as 10.0.0.0/8";

    private static string? AssignHeader(SinkOptions options, string name, string value)
    {
        if (name.Length == 0 || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            return "must hold names of headers: letters, digits, hyphens";
        }

        if (OwnHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return "is a header the sink writes itself";
        }

        if (!value.All(static c => c is >= ' ' and <= '~'))
        {
            return "must have values of printable ASCII characters";
        }

        options.Headers[name] = value;
        return null;
    }
}
