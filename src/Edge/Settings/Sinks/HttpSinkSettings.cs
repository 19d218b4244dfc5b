using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Edge.Forwarding;
using Edge.Forwarding.Http;
using static Edge.Settings.Setting<Edge.Forwarding.SinkOptions>;

namespace Edge.Settings.Sinks;

/// <summary>The settings of sinks that are reached over HTTP: types <c>http</c> and <c>clickhouse</c>.</summary>
internal static class HttpSinkSettings
{
    private const SinkType OverHttp = SinkType.Http | SinkType.ClickHouse;

    // Headers that the sink sets itself; a second value would contradict them.
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
            new(
                OverHttp,
                Text(
                    "url",
                    "URL of the server: http or https, without user and password. Required.",
                    o => ServerOf(o.Url),
                    (o, v) => o.Url = v,
                    UrlProblem
                )
            ),
            new(OverHttp, Flag("gzip", "Compress request bodies with gzip.", o => o.Gzip, (o, v) => o.Gzip = v)),
            new(
                OverHttp,
                Flag(
                    "allowPrivate",
                    "Allow connections to addresses that are not public: this machine and private networks.",
                    o => o.AllowPrivate,
                    (o, v) => o.AllowPrivate = v
                )
            ),
            new(
                OverHttp,
                List(
                    "allowAddresses",
                    "Networks (CIDR) or addresses to which connections are allowed although they are not public.",
                    o => o.AllowAddresses,
                    (o, v) => o.AllowAddresses = v,
                    NetworkProblem
                )
            ),
            new(
                OverHttp | SinkType.Kafka,
                Number(
                    "requestTimeoutMs",
                    100,
                    600_000,
                    "Timeout for sending one batch and reading the response; of Kafka, for the next message of a batch to be acknowledged.",
                    o => o.RequestTimeoutMs,
                    (o, v) => o.RequestTimeoutMs = (int)v
                )
            ),
            new(
                SinkType.Http,
                Choice(
                    "format",
                    "ndjson (one event per line), json (one array) or kafkaRest (the format of Kafka REST proxies).",
                    o => o.Format,
                    (o, v) => o.Format = v
                )
            ),
            new(
                SinkType.Http,
                Text(
                    "contentType",
                    "Content type of the body; if empty, that of the format.",
                    o => o.ContentType,
                    (o, v) => o.ContentType = v,
                    static text =>
                        text.Length == 0 || MediaTypeHeaderValue.TryParse(text, out _)
                            ? null
                            : "must be a content type such as application/json"
                )
            ),
            new(
                SinkType.Http,
                List(
                    "refusedStatuses",
                    "Statuses (400 to 499) that are about the events: the batch is halved, and a single event becomes a dead letter. Any other failure is retried.",
                    o => Array.ConvertAll(o.RefusedStatuses, static status => status.ToString(CultureInfo.InvariantCulture)),
                    (o, v) => o.RefusedStatuses = Array.ConvertAll(v, static item => int.Parse(item, CultureInfo.InvariantCulture)),
                    static item =>
                        item is ['4', >= '0' and <= '9', >= '0' and <= '9'] ? null : $"must be statuses from 400 to 499, not '{item}'"
                )
            ),
            SinkSetting.Map(
                SinkType.Http,
                "headers",
                "Additional headers of every request, such as Authorization; their values are masked.",
                o => string.Join(SettingValue.ListSeparator, o.Headers.Keys.Select(static name => name + "=(set)")),
                AssignHeader
            ),
            new(
                SinkType.Http,
                Secret(
                    "secret",
                    "Key for signing requests; empty sends no signature.",
                    o => o.Secret,
                    (o, v) => o.Secret = v
                )
            ),
            new(
                SinkType.Http,
                Text(
                    "secretFile",
                    "File with the key for signing requests, read at start.",
                    o => o.SecretFile,
                    (o, v) => o.SecretFile = v
                )
            ),
            new(
                SinkType.Http,
                Secret(
                    "secretPrevious",
                    "Previous signing key, used in addition until receivers have the new one.",
                    o => o.SecretPrevious,
                    (o, v) => o.SecretPrevious = v
                )
            ),
            new(SinkType.ClickHouse, Text("user", "User name on the server.", o => o.User, (o, v) => o.User = v)),
        ];

    /// <summary>Parses a list that has been validated.</summary>
    public static IPNetwork[] Networks(string[] items) =>
        Array.ConvertAll(
            items,
            static item => IPNetwork.TryParse(item, out var network) ? network : Single(IPAddress.Parse(item))
        );

    /// <summary>Where a URL leads; the path and query of a webhook are its password.</summary>
    public static string ServerOf(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.PathAndQuery != "/"
            ? uri.GetLeftPart(UriPartial.Authority) + "/(set)"
            : url;

    /// <summary>What is wrong with a URL to post to; null when nothing is.</summary>
    public static string? UrlProblem(string text)
    {
        // The message does not repeat the text: people put passwords into URLs.
        if (
            !Uri.TryCreate(text, UriKind.Absolute, out var url)
            || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
        )
        {
            return "must be an address such as https://collector.example/events";
        }

        if (url.UserInfo.Length > 0)
        {
            return "must not contain a user or a password; they have settings of their own";
        }

        return url.Fragment.Length > 0 ? "must not contain a fragment" : null;
    }

    /// <summary>What is wrong with an item of a list of networks and addresses; null when nothing is.</summary>
    public static string? NetworkProblem(string text) =>
        IPNetwork.TryParse(text, out _) || IPAddress.TryParse(text, out _)
            ? null
            : $"'{text}' is not an address or network such as 10.0.0.0/8";

    private static IPNetwork Single(IPAddress address) => new(address, address.GetAddressBytes().Length * 8);

    private static string? AssignHeader(SinkOptions options, string name, string value)
    {
        if (name.Length == 0 || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            return "must contain header names: letters, digits, hyphens";
        }

        if (OwnHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return "is a header that the sink sets itself";
        }

        if (!value.All(static c => c is >= ' ' and <= '~'))
        {
            return "must have values of printable ASCII characters";
        }

        options.Headers[name] = value;
        return null;
    }
}
