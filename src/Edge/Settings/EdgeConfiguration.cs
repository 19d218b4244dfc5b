using System.Text;
using System.Text.Json;
using Edge.Fleet;
using Edge.Formats;
using Edge.Forwarding;
using Edge.Settings.Sinks;
using Edge.Storage;
using Edge.Visits;

namespace Edge.Settings;

/// <summary>
/// Reads the configuration from its sources, in ascending order of precedence: defaults, <c>edge.json</c>, environment,
/// command line. Collects every problem instead of stopping at the first. Not thread safe; used once at start.
/// </summary>
internal sealed class EdgeConfiguration
{
    /// <summary>The origin of what nothing sets.</summary>
    public const string Default = "default";

    private const string EnvironmentPrefix = "EDGE__";
    private const string Urls = "urls";
    private const string AdminUrls = "adminUrls";

    /// <summary>Largest configuration file, bytes.</summary>
    private const int FileMaxBytes = 1 << 20;

    /// <summary>How long the configuration may take to come.</summary>
    private static readonly TimeSpan FilePatience = TimeSpan.FromSeconds(10);

    private static readonly JsonDocumentOptions Lenient = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private static readonly JsonReaderOptions LenientReading = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private readonly EdgeOptions _options = new();
    private readonly List<string> _problems = [];

    /// <summary>Keys of which a value was refused: what they are meant to be is not known.</summary>
    private readonly HashSet<string> _refused = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the file says something that was not read.</summary>
    private bool _isFileLost;

    private readonly SinkConfiguration _sinks = new();
    private readonly Dictionary<string, string> _origins = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Problems found, one line each; empty when the options may be used.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Where the value of a key comes from: a file, a variable, an option, or the default.</summary>
    public string OriginOf(string key)
    {
        if (_origins.TryGetValue(key, out var origin))
        {
            return origin;
        }

        // A map that is an object has origins of its entries alone.
        var entries = key + ".";
        return _origins.FirstOrDefault(pair => pair.Key.StartsWith(entries, StringComparison.OrdinalIgnoreCase)).Value
            ?? Default;
    }

    /// <summary>
    /// Applies all sources in order. <paramref name="flags"/> are pairs of a dotted key and its text.
    /// </summary>
    public EdgeOptions Load(
        string? file,
        IEnumerable<KeyValuePair<string, string>> environment,
        IEnumerable<KeyValuePair<string, string>> flags
    )
    {
        if (file is not null)
        {
            ApplyFile(file);
        }

        var ignored = new List<string>();
        foreach (var (name, value) in environment)
        {
            if (!name.StartsWith(EnvironmentPrefix, StringComparison.OrdinalIgnoreCase))
            {
                if (MeantBy(name) is { } meant)
                {
                    ignored.Add($"environment variable {name} is no setting and is ignored; did you mean {meant}?");
                }

                continue;
            }

            Apply(
                name[EnvironmentPrefix.Length..].Replace("__", ".", StringComparison.Ordinal),
                value,
                $"environment variable {name}"
            );
        }
        foreach (var (key, value) in flags)
        {
            Apply(key, value, $"option --{OptionOf(key)}");
        }

        _options.IgnoredVariables = ignored;
        CheckFleet();
        if (!_isFileLost)
        {
            _options.Sinks = _sinks.Build(_problems);
        }

        CheckTogether();
        return _options;
    }

    private void ApplyFile(string file)
    {
        ReadOnlyMemory<byte> bytes = default;
        try
        {
            bytes = JsonProblem.WithoutMark(ReadBounded(file));
            using var document = JsonDocument.Parse(bytes, Lenient);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                ApplyObject(document.RootElement, "", file, new HashSet<string>(StringComparer.OrdinalIgnoreCase));
            }
            else
            {
                Lose($"{file}: must contain one JSON object");
            }
        }
        catch (JsonException e)
        {
            Lose($"{file}: {JsonProblem.Describe(e, bytes.Span, LenientReading)}");
        }
        catch (InvalidOperationException)
        {
            // What the platform throws when a name or text is asked for that UTF-8 cannot hold.
            Lose($"{file}: a name or text holds half of a surrogate pair (\\ud800 to \\udfff alone)");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Lose($"{file}: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}; --config names the file to read");
        }
    }

    /// <summary>The variable that somebody may have meant by one with too few underscores; null when by none.</summary>
    private static string? MeantBy(string name)
    {
        const string Prefix = "EDGE_";
        if (!name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var words = name[Prefix.Length..].Replace("_", "", StringComparison.Ordinal);
        var setting = Array.Find(
            EdgeSettings.All,
            setting => setting.Key.Replace(".", "", StringComparison.Ordinal).Equals(words, StringComparison.OrdinalIgnoreCase)
        );
        return setting is not null
                ? EnvironmentPrefix + setting.Key.Replace(".", "__", StringComparison.Ordinal).ToUpperInvariant()
            : name.StartsWith(Prefix + "SINKS_", StringComparison.OrdinalIgnoreCase) ? "EDGE__SINKS__NAME__SETTING"
            : null;
    }

    /// <summary>The name of the option that is a setting: <c>data-dir</c> of <c>dataDir</c>.</summary>
    private static string OptionOf(string key)
    {
        var option = new StringBuilder();
        foreach (var c in key)
        {
            _ = char.IsAsciiLetterUpper(c) ? option.Append('-').Append(char.ToLowerInvariant(c)) : option.Append(c);
        }

        return option.ToString();
    }

    /// <summary>
    /// Reads the file as far as the limit. Unlike other files it may be a pipe: <c>--config &lt;(...)</c> of a shell.
    /// </summary>
    private static ReadOnlyMemory<byte> ReadBounded(string file)
    {
        // A pipe to which nobody writes blocks already when it is opened.
        var reading = Task.Run(() =>
        {
            using var stream = File.OpenRead(file);
            var bytes = new byte[FileMaxBytes + 1];
            return bytes.AsMemory(0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
        });
        if (Task.WaitAny([reading], FilePatience) < 0)
        {
            throw new IOException($"gave nothing within {FilePatience.TotalSeconds} s");
        }

        var read = reading.GetAwaiter().GetResult();
        return read.Length <= FileMaxBytes
            ? read
            : throw new IOException($"is larger than {FileMaxBytes} bytes");
    }

    /// <param name="element">The object.</param>
    /// <param name="prefix">The key of the object, followed by a dot; empty for the root.</param>
    /// <param name="file">Name of the file, for messages.</param>
    /// <param name="seen">
    /// Every key of the file so far: if a key were repeated, one of its values would silently be ignored.
    /// </param>
    private void ApplyObject(JsonElement element, string prefix, string file, HashSet<string> seen)
    {
        foreach (var member in element.EnumerateObject())
        {
            var key = prefix + member.Name;
            if (key == SettingsSchema.Member)
            {
                continue;
            }

            if (!seen.Add(key))
            {
                _problems.Add($"{file}: {key} is given twice; keep one of them");
                continue;
            }

            switch (member.Value.ValueKind)
            {
                case JsonValueKind.Object:
                    if (prefix.Equals(SinkConfiguration.Prefix, StringComparison.OrdinalIgnoreCase))
                    {
                        _sinks.Declare(member.Name, file);
                    }

                    ApplyObject(member.Value, key + ".", file, seen);
                    break;
                case JsonValueKind.Array:
                    ApplyList(key, [.. member.Value.EnumerateArray().Select(static item => item.ToString())], file);
                    break;
                case JsonValueKind.Null:
                    Refuse(key, $"{file}: {key} is null; leave it out to have its default");
                    break;
                default:
                    Apply(key, member.Value.ToString(), file);
                    break;
            }
        }
    }

    private void ApplyList(string key, string[] items, string file)
    {
        if (items.Any(string.IsNullOrWhiteSpace))
        {
            Refuse(key, $"{file}: {key} has an empty item; remove it");
            return;
        }

        Apply(key, string.Join(SettingValue.ListSeparator, items), file);
    }

    private void Apply(string key, string text, string source)
    {
        if (key.StartsWith(SinkConfiguration.Prefix, StringComparison.OrdinalIgnoreCase))
        {
            _origins[key] = source;
            _sinks.Add(key[SinkConfiguration.Prefix.Length..], text, source);
            return;
        }
        var setting = Array.Find(EdgeSettings.All, s => s.Key.Equals(key, StringComparison.OrdinalIgnoreCase));
        if (setting is null)
        {
            var nearest = NearestName.Of(EdgeSettings.All.Select(known => known.Key), key);
            Refuse(nearest, $"{source}: unknown setting '{key}'; did you mean '{nearest}'?");
        }
        else if (setting.Assign(_options, text) is { } problem)
        {
            Refuse(setting.Key, $"{source}: {setting.Key} {problem}");
        }
        else
        {
            _origins[key] = source;
        }
    }

    private void Lose(string problem)
    {
        _isFileLost = true;
        _problems.Add(problem);
    }

    private void Refuse(string key, string problem)
    {
        _refused.Add(key);
        _problems.Add(problem);
    }

    /// <summary>
    /// Reports what is wrong with settings together, unless one of them was refused or may be in a file that was not
    /// read: what it will be is not known.
    /// </summary>
    private void Report(string problem, params string[] keys)
    {
        if (!_isFileLost && !Array.Exists(keys, _refused.Contains))
        {
            _problems.Add(problem);
        }
    }

    /// <summary>Checks rules that involve more than one setting.</summary>
    private void CheckTogether()
    {
        CheckUrls(Urls, _options.Urls);
        CheckUrls(AdminUrls, _options.AdminUrls);
        CheckUrlsAreDifferent();
        CheckJournal();
        if (ListenAddress.Split(_options.Urls).Length == 0)
        {
            Report("urls must name at least one address such as http://127.0.0.1:8080", Urls);
        }

        if (_options.AdminUrls.Length > 0 && ListenAddress.Split(_options.AdminUrls).Length == 0)
        {
            Report("adminUrls must be empty or name an address such as http://127.0.0.1:8081", AdminUrls);
        }

        if (_options.GeoCountryHeader.Length > 0 && _options.TrustedProxies.Length == 0)
        {
            Report(
                "geo.countryHeader is trusted only from the proxies in clientAddress.trustedProxies; list them there",
                "clientAddress.trustedProxies"
            );
        }

        if (_options.DataDir.Length == 0)
        {
            Report("dataDir must name a directory such as /var/lib/edge");
        }

        CheckFileSinks();
        CheckStore();
        CheckAlerts();
        CheckTally();
        CheckSalt();
        ReadLinkSecrets();
        CheckTls();
        if (_options.ApiFirstKey.Length > 0 && _options.ApiFirstKeyFile.Length > 0)
        {
            Report("api.firstKey and api.firstKeyFile are both set; keep one");
        }

        if (_options.ApiListener == ManagementListener.Admin && ListenAddress.Split(_options.AdminUrls).Length == 0)
        {
            Report("api.listener is admin, but adminUrls is empty; name an address there", AdminUrls);
        }
    }

    /// <summary>Two sinks that write into one directory would wait for each other for ever.</summary>
    private void CheckFileSinks()
    {
        var written = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var sink in _options.Sinks)
        {
            if (sink is not { Type: SinkType.File, Enabled: true })
            {
                continue;
            }

            var directory = DiskDirectory.Resolve(_options.DirectoryOf(sink));
            if (!written.TryAdd(directory, sink.Name))
            {
                Report(
                    $"{SinkConfiguration.Prefix}{sink.Name}.directory and {SinkConfiguration.Prefix}{written[directory]}.directory"
                        + $" are one directory, {directory}; give each sink its own",
                    "dataDir"
                );
            }
        }
    }

    private void CheckStore()
    {
        const string Kind = "store.kind";
        const string Connection = "store.connection";
        if (_options.StorePassword.Length > 0 && _options.StorePasswordFile.Length > 0)
        {
            Report("store.password and store.passwordFile are both set; keep one");
        }

        if (_options.StoreKind == StoreKind.Files)
        {
            if (_options.StoreConnection.Length > 0)
            {
                Report($"{Connection} is set, but {Kind} is files; set {Kind} to postgres", Kind);
            }
        }
        else if (_options.Role == NodeRole.Edge)
        {
            Report($"{Kind} is postgres, but role is edge, and an edge has what its origin gives it; remove one", Kind, "role");
        }
        else if (_options.StoreConnection.Length == 0)
        {
            Report(
                $"{Kind} is postgres, so {Connection} must say where: Host=db.example;Database=edge;Username=edge",
                Kind,
                Connection
            );
        }
    }

    private void CheckJournal()
    {
        const string Page = "journal.pageBytes";
        const string Memory = "journal.memoryBytes";
        const string Segment = "journal.segmentBytes";
        const string Most = "journal.maxBytes";
        if (_options.JournalMemoryBytes < 2 * _options.JournalPageBytes)
        {
            Report($"{Memory} must hold at least two pages ({Page})", Memory, Page);
        }

        if (_options.JournalSegmentBytes < 2 * _options.JournalPageBytes)
        {
            Report($"{Segment} must hold at least two pages ({Page})", Segment, Page);
        }

        if (_options.JournalMaxBytes < 2L * _options.JournalSegmentBytes)
        {
            Report(
                $"{Most} must hold at least two segments, {2L * _options.JournalSegmentBytes} bytes ({Segment})",
                Most,
                Segment
            );
        }
    }

    /// <summary>
    /// Completes what follows from the role: the salt of the visitor hashes and, on an edge, the sink to its origin.
    /// </summary>
    private void CheckFleet()
    {
        const string Role = "role";
        const string Id = "fleet.id";
        const string OriginUrl = "fleet.originUrl";
        var (role, problems) = (WireNames<NodeRole>.Lower.Text(_options.Role), _problems.Count);
        var key = "fleet.secret";
        var isSecretLost = false;
        if (_options.FleetSecretFile.Length > 0)
        {
            key = "fleet.secretFile";
            if (_options.FleetSecret.Length > 0)
            {
                isSecretLost = true;
                _problems.Add("fleet.secret and fleet.secretFile are both set; keep one");
            }
            else if (SettingValue.OfFile(_options.FleetSecretFile, out var secret) is { } problem)
            {
                isSecretLost = true;
                _problems.Add($"{key} {problem}");
            }
            else
            {
                _options.FleetSecret = secret;
                _origins["fleet.secret"] = key;
            }
        }

        if (_options.Role == NodeRole.Standalone)
        {
            if (_options.FleetId.Length + _options.FleetSecret.Length + _options.FleetOriginUrl.Length > 0)
            {
                Report("fleet.* is set, but role is standalone; set role to origin or edge", Role);
            }

            return;
        }

        if (_options.FleetId.Length == 0)
        {
            Report($"role is {role}, so fleet.id must name the fleet", Id);
        }

        if (!isSecretLost && FleetSecret.ProblemOf(_options.FleetSecret) is { } weakness)
        {
            Report(
                _options.FleetSecret.Length == 0
                    ? $"role is {role}, so fleet.secret or fleet.secretFile must be set; openssl rand -hex 32 makes one"
                    : $"{key} {weakness}; openssl rand -hex 32 makes one",
                "fleet.secret",
                "fleet.secretFile"
            );
        }

        if (_options.AddressHash == AddressHashMode.Ratchet)
        {
            Report(
                "privacy.addressHash is ratchet, whose keys are each node's own; the nodes of a fleet need daily"
            );
        }

        if (_options.Role == NodeRole.Origin)
        {
            if (_options.FleetOriginUrl.Length > 0)
            {
                Report("fleet.originUrl is set, but this node is the origin itself (role); remove one");
            }
        }
        else
        {
            CheckFollower();
        }

        if (problems < _problems.Count || _isFileLost || _refused.Overlaps([Role, Id, key, OriginUrl]))
        {
            return;
        }

        var fleet = new FleetSecret(_options.FleetId, _options.FleetSecret);
        if (_options.AddressSalt.Length + _options.AddressSaltFile.Length == 0)
        {
            _options.AddressSalt = fleet.AddressSalt;
            _origins["privacy.addressSalt"] = key;
        }

        if (_options.Role == NodeRole.Edge)
        {
            foreach (var implied in _sinks.AddOrigin(new Uri(_options.FleetOriginUrl), fleet.Token, _problems))
            {
                _origins.TryAdd(SinkConfiguration.Prefix + implied, "role");
            }
        }
    }

    private void CheckFollower()
    {
        if (_options.FleetOriginUrl.Length == 0)
        {
            Report("role is edge, so fleet.originUrl must say where the origin is", "fleet.originUrl");
        }
        else if (
            Uri.TryCreate(_options.FleetOriginUrl, UriKind.Absolute, out var origin)
            && _options.ListenAddresses.FirstOrDefault(address => address.IsReachedBy(origin)) is { } own
        )
        {
            Report($"fleet.originUrl is {own.Text}, where this edge itself listens; name its origin", Urls, AdminUrls);
        }

        if (
            _options.AutomationRulesFile.Length > 0
            || _options.AutomationExcludeTools
            || _options.AutomationExcludeApplePrivacy
            || _options.AutomationExcludeBursts
        )
        {
            Report("automation.* is set, but an edge has the rules of its origin; set it there");
        }
    }

    private void CheckTally()
    {
        const string Key = "tally.sink";
        var name = _options.TallySink;
        if (name.Length == 0 || _isFileLost)
        {
            return;
        }

        if (_options.Role == NodeRole.Edge)
        {
            Report($"{Key} is set, but an edge counts for its origin; set it there", Key, "role");
            return;
        }

        var sink = _options.Sinks.FirstOrDefault(sink => sink.Name == name);
        if (sink is null || sink.Type != SinkType.ClickHouse)
        {
            Report($"{Key} must name a sink of type clickhouse; {name} is {(sink is null ? "no sink" : "none")}", Key);
        }
        else if (
            sink.FilterApis.Length + sink.FilterProjects.Length + sink.FilterTypes.Length + sink.FilterVerdicts.Length > 0
            || sink.FieldsAllow.Length + sink.FieldsDeny.Length + sink.FieldsRename.Count > 0
        )
        {
            Report($"{Key} names {name}, whose filters and fields leave out what experiments count; remove them", Key);
        }
    }

    private void CheckAlerts()
    {
        TakeFile(
            "alerts.webhookUrl",
            _options.AlertsWebhookUrl,
            _options.AlertsWebhookUrlFile,
            HttpSinkSettings.UrlProblem,
            url => _options.AlertsWebhookUrl = url
        );
        TakeFile(
            "alerts.webhookSecret",
            _options.AlertsWebhookSecret,
            _options.AlertsWebhookSecretFile,
            SettingValue.LineProblem,
            secret => _options.AlertsWebhookSecret = secret
        );
        if (_options.AlertsWebhookSecret.Length > 0 && _options.AlertsWebhookUrl.Length == 0)
        {
            Report("alerts.webhookSecret is set without alerts.webhookUrl; say where alerts go", "alerts.webhookUrl");
        }

        if (
            _options.Role == NodeRole.Edge
            && (_options.AlertsWebhookUrl.Length > 0 || _options.AlertsCheckDestinations)
        )
        {
            Report("alerts.* is set, but an edge counts for its origin; set it there", "role");
        }
    }

    /// <summary>Takes the value of a setting from the file that the setting beside it names.</summary>
    private void TakeFile(string key, string value, string file, Func<string, string?> problemOf, Action<string> assign)
    {
        if (file.Length == 0)
        {
            return;
        }

        if (value.Length > 0)
        {
            Report($"{key} and {key}File are both set; keep one");
        }
        else if ((SettingValue.OfFile(file, out var read) ?? problemOf(read)) is { } problem)
        {
            Refuse(key, $"{key}File {problem}");
        }
        else
        {
            assign(read);
            _origins[key] = key + "File";
        }
    }

    private void CheckSalt()
    {
        var key = "privacy.addressSalt";
        if (_options.AddressSaltFile.Length > 0)
        {
            if (_options.AddressSalt.Length > 0)
            {
                Report("privacy.addressSalt and privacy.addressSaltFile are both set; keep one");
                return;
            }

            key = "privacy.addressSaltFile";
            if (SettingValue.OfFile(_options.AddressSaltFile, out var salt) is { } problem)
            {
                Report($"{key} {problem}");
                return;
            }

            _options.AddressSalt = salt;
            _origins["privacy.addressSalt"] = key;
        }

        if (_options.AddressSalt.Length > 0 && ChosenSecret.WeaknessOf(_options.AddressSalt) is { } weakness)
        {
            Report($"{key} {weakness}; openssl rand -hex 32 makes one");
        }
    }

    private void ReadLinkSecrets()
    {
        const string Key = "links.secretsFile";
        if (_options.LinkSecretsFile.Length == 0)
        {
            return;
        }

        if (SettingValue.LinesOfFile(_options.LinkSecretsFile, LinkTokens.SecretsMax, out var secrets) is { } problem)
        {
            Report($"{Key} {problem}");
            return;
        }

        for (var i = 0; i < secrets.Length; i++)
        {
            if (ChosenSecret.WeaknessOf(secrets[i]) is { } weakness)
            {
                Report($"{Key}: secret {i + 1} {weakness}; openssl rand -hex 32 makes one");
            }
        }

        _options.LinkSecrets = secrets;
    }

    private void CheckTls()
    {
        const string CertificateFile = "tls.certificateFile";
        const string KeyFile = "tls.keyFile";
        var encrypted = _options.ListenAddresses.FirstOrDefault(static address => address.IsTls);
        var (certificate, key) = (_options.TlsCertificateFile, _options.TlsKeyFile);
        if (certificate.Length > 0 != key.Length > 0)
        {
            Report($"{CertificateFile} and {KeyFile} belong together; set both", CertificateFile, KeyFile);
        }
        else if (encrypted is not null && certificate.Length == 0)
        {
            Report(
                $"'{encrypted.Text}' needs a certificate; set {CertificateFile} and {KeyFile}",
                CertificateFile,
                KeyFile
            );
        }
        else if (encrypted is null && certificate.Length > 0)
        {
            Report(
                $"{CertificateFile} is set, but no address in urls or adminUrls begins with https://",
                Urls,
                AdminUrls
            );
        }
    }

    /// <summary>A port can be opened once: not with and without TLS, nor for visitors and operators.</summary>
    private void CheckUrlsAreDifferent()
    {
        var opened = new List<ListenAddress>();
        foreach (var address in _options.ListenAddresses)
        {
            if (opened.Find(address.Overlaps) is { } other)
            {
                Report($"urls and adminUrls name one port twice: {other.Text} and {address.Text}");
            }

            opened.Add(address);
        }
    }

    private void CheckUrls(string key, string urls)
    {
        foreach (var problem in ListenAddress.Problems(urls))
        {
            Refuse(key, $"{key}: {problem}");
        }
    }
}
