using Edge.Access;
using Edge.Catalog;
using Edge.Duplicates;
using Edge.Experiments;
using Edge.Postgres;
using Edge.Requests;
using Edge.Settings.Sinks;
using static Edge.Settings.Setting<Edge.Settings.EdgeOptions>;

namespace Edge.Settings;

/// <summary>The table of all configuration keys, in the order of the documentation.</summary>
internal static class EdgeSettings
{
    /// <summary>Pages of operators that the public listener shows unless they are closed or moved.</summary>
    public static readonly string[] OperationsPages = ["readyz", "metrics", "ledger"];

    /// <summary>The settings that a running service takes over; every other one holds after a restart.</summary>
    public static readonly string[] Reloadable =
    [
        "automation.rulesFile",
        "automation.excludeTools",
        "automation.excludeApplePrivacy",
        "automation.excludeBursts",
    ];

    /// <summary>The setting whose default is the name of the machine.</summary>
    public const string NodeKey = "node";

    /// <summary>Longest name of a node, characters: that of a host (RFC 1035 section 2.3.4).</summary>
    private const int NodeCharsMax = 253;

    /// <summary>Longest id of a fleet, characters.</summary>
    private const int FleetIdCharsMax = 64;

    public static readonly Setting<EdgeOptions>[] All =
    [
        Setting<EdgeOptions>.Text(
            NodeKey,
            "Name of this process in every event, unique within a fleet: at most 253 letters, digits, dots, hyphens and underscores, as host names have. If empty, the name of the machine.",
            o => o.Node,
            (o, v) => o.Node = v.Length == 0 ? Environment.MachineName : v,
            NodeProblem
        ),
        Choice(
            "role",
            "standalone (everything), origin (management API, page, statistics and the catalog of a fleet) or edge (visitors and senders; follows an origin): docs/fleet.md.",
            o => o.Role,
            (o, v) => o.Role = v
        ),
        Setting<EdgeOptions>.Text(
            "fleet.id",
            "Name of the fleet, the same on all of its nodes: 1 to 64 letters, digits, dots, hyphens and underscores.",
            o => o.FleetId,
            (o, v) => o.FleetId = v,
            static text => NameProblem(text, FleetIdCharsMax)
        ),
        Secret(
            "fleet.secret",
            "Secret that the nodes of a fleet share, at least 32 characters: it admits edges, signs the catalog and, unless privacy.addressSalt is set, makes the salt of the visitor hashes.",
            o => o.FleetSecret,
            (o, v) => o.FleetSecret = v,
            SettingValue.LineProblem
        ),
        Text(
            "fleet.secretFile",
            "File with that secret, read at start: a secret of Docker, Kubernetes or systemd.",
            o => o.FleetSecretFile,
            (o, v) => o.FleetSecretFile = v
        ),
        Setting<EdgeOptions>.Text(
            "fleet.originUrl",
            "Where an edge reaches its origin: http:// or https:// with host and port, without a path.",
            o => o.FleetOriginUrl,
            (o, v) => o.FleetOriginUrl = v,
            static text =>
                text.Length == 0
                || (
                    Uri.TryCreate(text, UriKind.Absolute, out var url)
                    && url is { Scheme: "http" or "https", Port: > 0, PathAndQuery: "/", Fragment: "", UserInfo: "" }
                )
                    ? null
                    : "must be an address such as https://origin.example:8443, with a port from 1 to 65535, without path, user and password"
        ),
        Choice(
            "store.kind",
            "Where experiments, keys and the record of changes are: files (of dataDir) or postgres (which several services may share): docs/store.md.",
            o => o.StoreKind,
            (o, v) => o.StoreKind = v
        ),
        Setting<EdgeOptions>.Text(
            "store.connection",
            "Connection string in Npgsql's format, as a PostgreSQL sink has it: Host, Port, Database, Username, SSL Mode, Root Certificate.",
            o => PostgresConnection.WithoutPasswords(o.StoreConnection),
            (o, v) => o.StoreConnection = v,
            static text => text.Length == 0 ? null : PostgresConnection.Problem(text)
        ),
        Secret(
            "store.password",
            "Password of the user; better set by environment variable or file.",
            o => o.StorePassword,
            (o, v) => o.StorePassword = v
        ),
        Text(
            "store.passwordFile",
            "File with the password, read at every connect.",
            o => o.StorePasswordFile,
            (o, v) => o.StorePasswordFile = v
        ),
        Number(
            "store.pollMs",
            100,
            600_000,
            "Interval at which PostgreSQL is asked for changes of other services, in case a notification is lost.",
            o => o.StorePollMs,
            (o, v) => o.StorePollMs = (int)v
        ),
        Text(
            "dataDir",
            "Directory of all persistent state.",
            o => o.DataDir,
            (o, v) => (o.DataDir, o.IsDataDirNamed) = (v, true)
        ),
        Text(
            "urls",
            "Addresses to listen on, separated by commas: http:// or https:// with an IP address, localhost or * and a port, or http://unix:/PATH.",
            o => o.Urls,
            (o, v) => o.Urls = v
        ) with
        {
            Shape = new SettingShape(SettingKind.List),
        },
        Text(
            "adminUrls",
            "Separate addresses for health, metrics and ledger; if empty, they are served on urls.",
            o => o.AdminUrls,
            (o, v) => o.AdminUrls = v
        ) with
        {
            Shape = new SettingShape(SettingKind.List),
        },
        Text(
            "tls.certificateFile",
            "File in PEM format with the certificate of the https:// addresses, followed by its chain. Replace it while the service runs.",
            o => o.TlsCertificateFile,
            (o, v) => o.TlsCertificateFile = v
        ),
        Text(
            "tls.keyFile",
            "File in PEM format with the private key of that certificate, not encrypted.",
            o => o.TlsKeyFile,
            (o, v) => o.TlsKeyFile = v
        ),
        Flag(
            "coreDumps",
            "Allow core dumps of the process, which hold keys, the salt and addresses of visitors.",
            o => o.CoreDumps,
            (o, v) => o.CoreDumps = v
        ),
        Choice(
            "logging.format",
            "text (lines for people), json (an object per line) or auto (text when a terminal shows stderr, else json).",
            o => o.LoggingFormat,
            (o, v) => o.LoggingFormat = v
        ),
        Choice(
            "logging.level",
            "trace, debug, info, warning or error: the least important messages that are written.",
            o => o.LoggingLevel,
            (o, v) => o.LoggingLevel = v
        ),
        Choice(
            "http.protocol",
            "http1 (HTTP/1.1) or http2 (cleartext HTTP/2 with prior knowledge, behind a proxy that speaks it). https:// addresses speak both.",
            o => o.HttpProtocol,
            (o, v) => o.HttpProtocol = v
        ),
        Choice(
            "http.transport",
            "loops (pixel and click are answered by event loops, the rest by the server behind them) or sockets (all by the server).",
            o => o.HttpTransport,
            (o, v) => o.HttpTransport = v
        ),
        Number(
            "http.maxConnections",
            1,
            1_000_000,
            "Maximum open connections; lowered to what open files and memory allow. When all are taken, the longest idle make room.",
            o => o.HttpMaxConnections,
            (o, v) => o.HttpMaxConnections = (int)v
        ),
        Number(
            "http.maxPerAddressPercent",
            1,
            100,
            "Share of the connections that one address (IPv6: a /64) may have; trusted proxies and Unix sockets have no limit.",
            o => o.HttpMaxPerAddressPercent,
            (o, v) => o.HttpMaxPerAddressPercent = (int)v
        ),
        Number(
            "http.maxRequestLineBytes",
            256,
            65_536,
            "Maximum length of the request line, bytes.",
            o => o.HttpMaxRequestLineBytes,
            (o, v) => o.HttpMaxRequestLineBytes = (int)v
        ),
        Number(
            "http.maxHeaderBytes",
            1_024,
            1_048_576,
            "Maximum size of all request headers together, bytes. Cookies of a large site alone may be 17 KB.",
            o => o.HttpMaxHeaderBytes,
            (o, v) => o.HttpMaxHeaderBytes = (int)v
        ),
        Number(
            "http.maxHeaderCount",
            8,
            1_000,
            "Maximum number of request headers.",
            o => o.HttpMaxHeaderCount,
            (o, v) => o.HttpMaxHeaderCount = (int)v
        ),
        Number(
            "http.headersTimeoutMs",
            100,
            600_000,
            "Timeout for a client to send its headers; for its first request it runs from the accept.",
            o => o.HttpHeadersTimeoutMs,
            (o, v) => o.HttpHeadersTimeoutMs = (int)v
        ),
        Number(
            "http.keepAliveTimeoutMs",
            1_000,
            3_600_000,
            "Idle time after which a connection is closed.",
            o => o.HttpKeepAliveTimeoutMs,
            (o, v) => o.HttpKeepAliveTimeoutMs = (int)v
        ),
        Number(
            "http.requestTimeoutMs",
            100,
            600_000,
            "Timeout of a whole request, including its body.",
            o => o.HttpRequestTimeoutMs,
            (o, v) => o.HttpRequestTimeoutMs = (int)v
        ),
        Number(
            "http.maxStreamsPerConnection",
            1,
            1_000,
            "Maximum concurrent HTTP/2 streams per connection.",
            o => o.HttpMaxStreamsPerConnection,
            (o, v) => o.HttpMaxStreamsPerConnection = (int)v
        ),
        Number(
            "http.stopGraceMs",
            0,
            60_000,
            "Time between reporting not ready and closing the listener, so that load balancers notice; every answer in it closes its connection. 0 stops at once: pixels and clicks that have reached the event loops are answered, other requests that have not begun are not. What stops the service must wait longer: docker stop -t.",
            o => o.HttpStopGraceMs,
            (o, v) => o.HttpStopGraceMs = (int)v
        ),
        List(
            "http.publicPages",
            "Which of readyz, metrics and ledger are served on urls when adminUrls is empty; an empty list closes them, and /healthz stays.",
            o => o.HttpPublicPages,
            (o, v) => o.HttpPublicPages = v,
            static page => SettingValue.OneOf(OperationsPages, page)
        ),
        List(
            "clientAddress.trustedProxies",
            "Networks (CIDR) or addresses of proxies whose forwarded header is trusted; empty trusts none.",
            o => o.TrustedProxies,
            (o, v) => o.TrustedProxies = v,
            NetworkProblem
        ),
        Choice(
            "clientAddress.header",
            "xForwardedFor or forwarded (RFC 7239): the header in which trusted proxies pass the client address.",
            o => o.ForwardedHeader,
            (o, v) => o.ForwardedHeader = v
        ),
        Choice(
            "ack.pixel",
            "memory (answer at once) or disk (answer after the commit): when a pixel is answered.",
            o => o.AckPixel,
            (o, v) => o.AckPixel = v
        ),
        Choice("ack.click", "memory or disk: when a click is answered.", o => o.AckClick, (o, v) => o.AckClick = v),
        Number(
            "ack.forwardedMs",
            0,
            8_000,
            "Longest time that a request with Edge-Ack: forwarded waits for the sinks before its answer says disk, ms; at most half of http.requestTimeoutMs, and 256 requests at once.",
            o => o.AckForwardedMs,
            (o, v) => o.AckForwardedMs = (int)v
        ),
        Flag(
            "click.httpsOnly",
            "Refuse experiments whose destination is not https.",
            o => o.ClickHttpsOnly,
            (o, v) => o.ClickHttpsOnly = v
        ),
        List(
            "links.schemesAllowed",
            "Schemes beside https and http that a destination may have, such as mailto, tel or that of an app; empty allows none.",
            o => o.LinkSchemesAllowed,
            (o, v) => o.LinkSchemesAllowed = v,
            Destination.SchemeProblem
        ),
        Setting<EdgeOptions>.Text(
            "links.fallbackUrl",
            "Where links lead that are unknown, in draft or archived; if empty, browsers get a short page, programs a problem, both with 404.",
            o => o.LinkFallbackUrl,
            (o, v) => o.LinkFallbackUrl = v,
            LinkFallback.ProblemOf
        ),
        List(
            "links.teamFallbackUrls",
            "The same for the drafts of one team (project), each as TEAM=URL; the link of a deleted experiment belongs to no team.",
            o => o.LinkTeamFallbackUrls,
            (o, v) => o.LinkTeamFallbackUrls = v,
            LinkFallback.TeamProblemOf
        ),
        Text(
            "links.secretsFile",
            "File with the secrets of signed links, one a line, the same on every node: the first signs, all are accepted. If empty, the salt of the visitor hashes signs.",
            o => o.LinkSecretsFile,
            (o, v) => o.LinkSecretsFile = v
        ),
        Setting<EdgeOptions>.Text(
            "problems.typeBase",
            "What the type of a problem (RFC 9457) begins with; the name of the problem is appended.",
            o => o.ProblemTypeBase,
            (o, v) => o.ProblemTypeBase = v,
            LinkFallback.ProblemOfTypeBase
        ),
        Flag(
            "selection.variantOverride",
            "Trust ?variant= on pixel and click, with which the sender states the variant it showed.",
            o => o.VariantOverride,
            (o, v) => o.VariantOverride = v
        ),
        Setting<EdgeOptions>.Text(
            "images.urlTemplate",
            "Where GET /s/{slug}.png redirects when a variant has no imageUrl: a URL with {templateUid}, {format}, {quality}, {variables}; empty disables it.",
            o => o.ImageUrlTemplate,
            (o, v) => o.ImageUrlTemplate = v,
            static text => text.Length == 0 ? null : ImageSource.TemplateProblem(text)
        ),
        Flag(
            "images.count",
            "Count an image as an impression; leave it off where emails also embed the pixel.",
            o => o.ImageCounts,
            (o, v) => o.ImageCounts = v
        ),
        Choice(
            "api.plan",
            "selfHosted, starter, basic, standard, business or enterprise: how many experiments and variants a team may have.",
            o => o.Plan,
            (o, v) => o.Plan = v
        ),
        Number(
            "api.requestsPerMinute",
            1,
            1_000_000,
            "Maximum requests per minute to the management API, per key.",
            o => o.ApiRequestsPerMinute,
            (o, v) => o.ApiRequestsPerMinute = (int)v
        ),
        Choice(
            "api.listener",
            "public (the management API is served on urls) or admin (on adminUrls alone).",
            o => o.ApiListener,
            (o, v) => o.ApiListener = v
        ),
        Flag(
            "page.enabled",
            "Whether the page at /ui/ is served, where the management API is; off, its sessions are not accepted either.",
            o => o.PageEnabled,
            (o, v) => o.PageEnabled = v
        ),
        Number(
            "page.sessionIdleMinutes",
            1,
            720,
            "How long a session of the page lives without being used, minutes; 12 hours after it began it ends in any case.",
            o => o.PageSessionIdleMinutes,
            (o, v) => o.PageSessionIdleMinutes = (int)v
        ),
        Secret(
            "api.firstKey",
            "Secret of the key that the first start issues, instead of one that it prints; best set in the environment. Not read once there is a key.",
            o => o.ApiFirstKey,
            (o, v) => o.ApiFirstKey = v,
            static text => text.Length == 0 ? null : KeySecret.ProblemOf(text)
        ),
        Text(
            "api.firstKeyFile",
            "File with that secret. If it is not there, the first start writes the secret it makes into it, mode 0600, and prints nothing.",
            o => o.ApiFirstKeyFile,
            (o, v) => o.ApiFirstKeyFile = v
        ),
        Number(
            "api.wrongKeysPerMinute",
            0,
            1_000_000_000,
            "Maximum requests per minute with a wrong key to any API, per address (IPv6 as in ingest.addressPerMinute); right keys are not affected. 0 means unlimited.",
            o => o.WrongKeysPerMinute,
            (o, v) => o.WrongKeysPerMinute = (int)v
        ),
        Number(
            "ingest.millimetricPerSecond",
            0,
            10_000_000,
            "Sustained requests per second to /v1/track, per project with secret keys, per project and address with public ones; 0 means unlimited.",
            o => o.MillimetricPerSecond,
            (o, v) => o.MillimetricPerSecond = (int)v
        ),
        Number(
            "ingest.millimetricBurst",
            1,
            10_000_000,
            "Burst of requests to /v1/track, counted likewise.",
            o => o.MillimetricBurst,
            (o, v) => o.MillimetricBurst = (int)v
        ),
        Number(
            "ingest.artiePerSecond",
            0,
            10_000_000,
            "Sustained requests per second with an Artie key, per key, with a burst of four times that; 0 means unlimited.",
            o => o.ArtiePerSecond,
            (o, v) => o.ArtiePerSecond = (int)v
        ),
        Number(
            "ingest.trafficalPerSecond",
            0,
            10_000_000,
            "Sustained requests per second to /v1/events, and as many to /v1/decide and /ofrep together, per key, with public keys per key and address, with a burst of four times that; 0 means unlimited.",
            o => o.TrafficalPerSecond,
            (o, v) => o.TrafficalPerSecond = (int)v
        ),
        Number(
            "ingest.trafficalBucketCount",
            0,
            1_000_000_000,
            "Number of buckets of a Traffical project; events with a higher bucket are refused. 0 accepts any.",
            o => o.TrafficalBucketCount,
            (o, v) => o.TrafficalBucketCount = (int)v
        ),
        Number(
            "ingest.addressPerMinute",
            0,
            1_000_000_000,
            "Maximum requests per minute to /s/events, per address (IPv6 by /64, four times that by /56, sixteen times by /48); 0 means unlimited.",
            o => o.AddressPerMinute,
            (o, v) => o.AddressPerMinute = (int)v
        ),
        Flag(
            "ingest.requireWriteKey",
            "Refuse events to /s/events without a write key.",
            o => o.RequireWriteKey,
            (o, v) => o.RequireWriteKey = v
        ),
        Number(
            "ingest.inFlightBytes",
            32L << 20,
            1L << 40,
            "Memory for request bodies, bytes, lowered to a quarter of the memory there is; when it is used up, requests are answered with 503.",
            o => o.IngestInFlightBytes,
            (o, v) => o.IngestInFlightBytes = v
        ),
        Number(
            "ingest.duplicateMemoryBytes",
            DuplicateWindow.BytesMin,
            1L << 38,
            "Maximum memory for the ids that identify duplicates, bytes, at 24 bytes each; allocated as needed, lowered to a sixteenth of the memory there is.",
            o => o.DuplicateMemoryBytes,
            (o, v) => o.DuplicateMemoryBytes = v
        ),
        Number(
            "tally.unitsMax",
            1_000,
            100_000_000,
            "Maximum number of units that experiments remember, for a day or the rest of their window, at up to 186 bytes each, and 32 more for the sketches of unique visitors; further ones are counted but not learned from; lowered to a fifth of the memory there is.",
            o => o.TallyUnitsMax,
            (o, v) => o.TallyUnitsMax = (int)v
        ),
        Text(
            "tally.sink",
            "Name of the sink of type clickhouse whose table experiments are counted from, with the events of all nodes that write to it; empty counts what passes through this node.",
            o => o.TallySink,
            (o, v) => o.TallySink = v
        ),
        Number(
            "tally.refreshSeconds",
            1,
            3_600,
            "Pause between two rounds of questions to tally.sink, seconds; nine times as long as the round took when that is longer, up to a third of tally.staleSeconds.",
            o => o.TallyRefreshSeconds,
            (o, v) => o.TallyRefreshSeconds = (int)v
        ),
        Number(
            "tally.staleSeconds",
            10,
            86_400,
            "Age from which counts of tally.sink move no weights, suggest no winner and begin or end no alert, seconds; they are shown with their age.",
            o => o.TallyStaleSeconds,
            (o, v) => o.TallyStaleSeconds = (int)v
        ),
        Number(
            "tally.lateHours",
            1,
            168,
            "How long after the end of a UTC day and of the windows begun on it its events may still arrive in tally.sink, hours; the day is counted once then, and until then at every round.",
            o => o.TallyLateHours,
            (o, v) => o.TallyLateHours = (int)v
        ),
        Number(
            "tally.querySeconds",
            1,
            600,
            "Maximum time of one question to tally.sink on the server, seconds.",
            o => o.TallyQuerySeconds,
            (o, v) => o.TallyQuerySeconds = (int)v
        ),
        Number(
            "tally.queryBytes",
            16L << 20,
            1L << 40,
            "Maximum memory of one question to tally.sink on the server, bytes.",
            o => o.TallyQueryBytes,
            (o, v) => o.TallyQueryBytes = v
        ),
        Setting<EdgeOptions>.Text(
            "alerts.webhookUrl",
            "Where alerts about experiments are posted: http or https, without user and password; the incoming webhook of a chat will do. Empty sends none.",
            o => HttpSinkSettings.ServerOf(o.AlertsWebhookUrl),
            (o, v) => o.AlertsWebhookUrl = v,
            static text => text.Length == 0 ? null : HttpSinkSettings.UrlProblem(text)
        ),
        Text(
            "alerts.webhookUrlFile",
            "File with that URL, whose path is often a secret, read at start.",
            o => o.AlertsWebhookUrlFile,
            (o, v) => o.AlertsWebhookUrlFile = v
        ),
        Secret(
            "alerts.webhookSecret",
            "Key for signing alerts, as an http sink signs batches; empty sends no signature.",
            o => o.AlertsWebhookSecret,
            (o, v) => o.AlertsWebhookSecret = v,
            SettingValue.LineProblem
        ),
        Text(
            "alerts.webhookSecretFile",
            "File with that key, read at start.",
            o => o.AlertsWebhookSecretFile,
            (o, v) => o.AlertsWebhookSecretFile = v
        ),
        Flag(
            "alerts.allowPrivate",
            "Allow webhook and checked destinations at addresses that are not public: this machine and private networks.",
            o => o.AlertsAllowPrivate,
            (o, v) => o.AlertsAllowPrivate = v
        ),
        List(
            "alerts.allowAddresses",
            "Networks (CIDR) or addresses that are allowed to them although they are not public.",
            o => o.AlertsAllowAddresses,
            (o, v) => o.AlertsAllowAddresses = v,
            HttpSinkSettings.NetworkProblem
        ),
        Number(
            "alerts.intervalSeconds",
            1,
            3_600,
            "Time between two looks at the running experiments, and before an alert that was not taken is sent again.",
            o => o.AlertsIntervalSeconds,
            (o, v) => o.AlertsIntervalSeconds = (int)v
        ),
        Number(
            "alerts.noTrafficHours",
            0,
            8_760,
            "How long a running experiment may count nothing before there is an alert; 0 means as long as it likes.",
            o => o.AlertsNoTrafficHours,
            (o, v) => o.AlertsNoTrafficHours = (int)v
        ),
        Flag(
            "alerts.checkDestinations",
            "Ask the destinations of running experiments whether they are there: docs/experiments.md.",
            o => o.AlertsCheckDestinations,
            (o, v) => o.AlertsCheckDestinations = v
        ),
        Number(
            "alerts.destinationMinutes",
            1,
            10_080,
            "Time between two checks of a destination.",
            o => o.AlertsDestinationMinutes,
            (o, v) => o.AlertsDestinationMinutes = (int)v
        ),
        Secret(
            "privacy.addressSalt",
            "Secret behind ip_hash, unit_hash and unit_hash_stable (with ratchet the last alone), the same on every node; if empty, one is generated in DATA/keys/address-salt.",
            o => o.AddressSalt,
            (o, v) => o.AddressSalt = v,
            SettingValue.LineProblem
        ),
        Text(
            "privacy.addressSaltFile",
            "File with that secret, read at start: a secret of Docker, Kubernetes or systemd.",
            o => o.AddressSaltFile,
            (o, v) => o.AddressSaltFile = v
        ),
        Choice(
            "privacy.addressHash",
            "daily (keys from the salt and the UTC date) or ratchet (each day's key from the day before, old keys erased): docs/privacy.md.",
            o => o.AddressHash,
            (o, v) => o.AddressHash = v
        ),
        Text(
            "geo.database",
            "File in MaxMind DB format with city or country data; empty means none. Replace it by rename while the service runs.",
            o => o.GeoDatabase,
            (o, v) => o.GeoDatabase = v
        ),
        Setting<EdgeOptions>.Text(
            "geo.countryHeader",
            "Header in which trusted proxies pass the country, such as CF-IPCountry, CloudFront-Viewer-Country or X-Vercel-IP-Country; empty trusts none.",
            o => o.GeoCountryHeader,
            (o, v) => o.GeoCountryHeader = v,
            static text =>
                text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
                    ? null
                    : "must be the name of a header, such as CF-IPCountry"
        ),
        Text(
            "automation.rulesFile",
            "File with custom verdict rules, which precede the built-in ones: docs/enrichment.md; empty means none. Read at start and on SIGHUP.",
            o => o.AutomationRulesFile,
            (o, v) => o.AutomationRulesFile = v
        ),
        Flag(
            "automation.excludeTools",
            "Treat HTTP tools (curl, libraries) and requests without a user agent as bots, which are not counted.",
            o => o.AutomationExcludeTools,
            (o, v) => o.AutomationExcludeTools = v
        ),
        Flag(
            "automation.excludeApplePrivacy",
            "Treat pixels loaded by Apple Mail Privacy Protection at delivery as prefetches, which are not counted.",
            o => o.AutomationExcludeApplePrivacy,
            (o, v) => o.AutomationExcludeApplePrivacy = v
        ),
        Flag(
            "automation.excludeBursts",
            "Enforce the late rules for bursts of clicks, which are in shadow otherwise: such clicks are taken back as a scanner's.",
            o => o.AutomationExcludeBursts,
            (o, v) => o.AutomationExcludeBursts = v
        ),
        Number(
            "automation.lateWindowSeconds",
            0,
            3_600,
            "How long a click can still be judged by what comes after it; 0 turns late verdicts off.",
            o => o.AutomationLateWindowSeconds,
            (o, v) => o.AutomationLateWindowSeconds = (int)v
        ),
        Number(
            "automation.lateMemoryBytes",
            65_536,
            1L << 30,
            "Most memory for clicks that can still be judged, about 700 bytes each; beyond it the oldest are let go, and counted.",
            o => o.AutomationLateMemoryBytes,
            (o, v) => o.AutomationLateMemoryBytes = (int)v
        ),
        Number(
            "journal.commitIntervalMs",
            1,
            1_000,
            "Maximum time an event waits in memory for the next group commit.",
            o => o.JournalCommitIntervalMs,
            (o, v) => o.JournalCommitIntervalMs = (int)v
        ),
        Number(
            "journal.commitWaitMs",
            10,
            60_000,
            "Maximum time a request with ack disk waits for its commit.",
            o => o.JournalCommitWaitMs,
            (o, v) => o.JournalCommitWaitMs = (int)v
        ),
        PowerOfTwo(
            "journal.pageBytes",
            1 << 16,
            1 << 26,
            "Page size of the journal, bytes; fixed when the journal is created, with less than 128 MiB of memory at most 262144. Bounds an event.",
            o => o.JournalPageBytes,
            (o, v) => o.JournalPageBytes = (int)v
        ),
        PowerOfTwo(
            "journal.memoryBytes",
            1 << 17,
            1 << 30,
            "Memory for the newest pages, bytes; at least two pages; lowered to a thirty-second part of the memory there is.",
            o => o.JournalMemoryBytes,
            (o, v) => o.JournalMemoryBytes = (int)v
        ),
        PowerOfTwo(
            "journal.segmentBytes",
            1 << 20,
            1 << 30,
            "Size of a segment file of the journal, bytes, at least two pages; fixed when the journal is created.",
            o => o.JournalSegmentBytes,
            (o, v) => o.JournalSegmentBytes = (int)v
        ),
        Number(
            "journal.maxBytes",
            1 << 22,
            1L << 45,
            "Hard mark: size of the journal, bytes, at which ingestion is refused. On disk it may be larger by the segment that was made ready before.",
            o => o.JournalMaxBytes,
            (o, v) => o.JournalMaxBytes = v
        ),
        Number(
            "journal.softMarkPercent",
            1,
            100,
            "Soft mark: percentage of journal.maxBytes at which a warning is given.",
            o => o.JournalSoftMarkPercent,
            (o, v) => o.JournalSoftMarkPercent = (int)v
        ),
        Number(
            "journal.freeReserveBytes",
            0,
            1L << 45,
            "Bytes that stay free on the file system, in addition to two segments.",
            o => o.JournalFreeReserveBytes,
            (o, v) => o.JournalFreeReserveBytes = v
        ),
        Number(
            "journal.retainHours",
            0,
            8_760,
            "Hours that events stay in the journal after every sink has taken them, to recognise duplicates after a restart; 0 keeps none.",
            o => o.JournalRetainHours,
            (o, v) => o.JournalRetainHours = (int)v
        ),
        Number(
            "journal.retainBytes",
            0,
            1L << 45,
            "Maximum bytes of events kept that way, at most a quarter of journal.maxBytes, and none when space is short; 0 keeps none.",
            o => o.JournalRetainBytes,
            (o, v) => o.JournalRetainBytes = v
        ),
    ];

    /// <summary>What is wrong with the name of a node; null when nothing is.</summary>
    public static string? NodeProblem(string text) => NameProblem(text, NodeCharsMax);

    /// <summary>A name, path or list of addresses, which no terminal and no file system may misread.</summary>
    private static Setting<EdgeOptions> Text(
        string key,
        string meaning,
        Func<EdgeOptions, string> read,
        Action<EdgeOptions, string> assign
    ) => Setting<EdgeOptions>.Text(key, meaning, read, assign, SettingValue.LineProblem);

    private static string? NetworkProblem(string text) => TrustedNetwork.Parse(text, out _);

    /// <summary>What is wrong with a name that stands in events, messages, headers and tables; null when nothing is.</summary>
    private static string? NameProblem(string text, int charsMax) =>
        text.Length <= charsMax && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
            ? null
            : $"must have at most {charsMax} letters, digits, dots, hyphens and underscores";
}
