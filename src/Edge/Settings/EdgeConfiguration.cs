using System.Text.Json;
using Edge.Fleet;
using Edge.Formats;
using Edge.Settings.Sinks;

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

        foreach (var (name, value) in environment)
        {
            if (!name.StartsWith(EnvironmentPrefix, StringComparison.OrdinalIgnoreCase))
            {
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
            Apply(key, value, $"option --{key}");
        }

        CheckFleet();
        _options.Sinks = _sinks.Build(_problems);
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
                _problems.Add($"{file}: must contain one JSON object");
            }
        }
        catch (JsonException e)
        {
            _problems.Add($"{file}: {JsonProblem.Describe(e, bytes.Span, LenientReading)}");
        }
        catch (InvalidOperationException)
        {
            // What the platform throws when a name or text is asked for that UTF-8 cannot hold.
            _problems.Add($"{file}: a name or text holds half of a surrogate pair (\\ud800 to \\udfff alone)");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _problems.Add($"{file}: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}; --config names the file to read");
        }
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
                    _problems.Add($"{file}: {key} is null; leave it out to have its default");
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
            _problems.Add($"{file}: {key} has an empty item; remove it");
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
            _problems.Add(
                $"{source}: unknown setting '{key}'; did you mean '{NearestName.Of(EdgeSettings.All.Select(known => known.Key), key)}'?"
            );
        }
        else if (setting.Assign(_options, text) is { } problem)
        {
            _problems.Add($"{source}: {setting.Key} {problem}");
        }
        else
        {
            _origins[key] = source;
        }
    }

    /// <summary>Checks rules that involve more than one setting.</summary>
    private void CheckTogether()
    {
        if (_options.JournalMemoryBytes < 2 * _options.JournalPageBytes)
        {
            _problems.Add("journal.memoryBytes must hold at least two pages (journal.pageBytes)");
        }

        if (_options.JournalSegmentBytes < 2 * _options.JournalPageBytes)
        {
            _problems.Add("journal.segmentBytes must hold at least two pages (journal.pageBytes)");
        }

        if (_options.JournalMaxBytes < 2L * _options.JournalSegmentBytes)
        {
            _problems.Add(
                $"journal.maxBytes must hold at least two segments, {2L * _options.JournalSegmentBytes} bytes"
                    + " (journal.segmentBytes)"
            );
        }

        if (ListenAddress.Split(_options.Urls).Length == 0)
        {
            _problems.Add("urls must name at least one address such as http://127.0.0.1:8080");
        }

        if (_options.AdminUrls.Length > 0 && ListenAddress.Split(_options.AdminUrls).Length == 0)
        {
            _problems.Add("adminUrls must be empty or name an address such as http://127.0.0.1:8081");
        }

        if (_options.GeoCountryHeader.Length > 0 && _options.TrustedProxies.Length == 0)
        {
            _problems.Add(
                "geo.countryHeader is trusted only from the proxies in clientAddress.trustedProxies; list them there"
            );
        }

        if (_options.DataDir.Length == 0)
        {
            _problems.Add("dataDir must name a directory such as /var/lib/edge");
        }

        CheckSalt();
        CheckUrls("urls", _options.Urls);
        CheckUrls("adminUrls", _options.AdminUrls);
        CheckUrlsAreDifferent();
        CheckTls();
        if (_options.ApiFirstKey.Length > 0 && _options.ApiFirstKeyFile.Length > 0)
        {
            _problems.Add("api.firstKey and api.firstKeyFile are both set; keep one");
        }

        if (_options.ApiListener == ManagementListener.Admin && ListenAddress.Split(_options.AdminUrls).Length == 0)
        {
            _problems.Add("api.listener is admin, but adminUrls is empty; name an address there");
        }
    }

    /// <summary>
    /// Completes what follows from the role: the salt of the visitor hashes and, on an edge, the sink to its origin.
    /// </summary>
    private void CheckFleet()
    {
        var (role, problems) = (WireNames<NodeRole>.Lower.Text(_options.Role), _problems.Count);
        var key = "fleet.secret";
        if (_options.FleetSecretFile.Length > 0)
        {
            key = "fleet.secretFile";
            if (_options.FleetSecret.Length > 0)
            {
                _problems.Add("fleet.secret and fleet.secretFile are both set; keep one");
            }
            else if (SettingValue.OfFile(_options.FleetSecretFile, out var secret) is { } problem)
            {
                _problems.Add($"{key} {problem}");
            }
            else
            {
                _options.FleetSecret = secret;
            }
        }

        if (_options.Role == NodeRole.Standalone)
        {
            if (_options.FleetId.Length + _options.FleetSecret.Length + _options.FleetOriginUrl.Length > 0)
            {
                _problems.Add("fleet.* is set, but role is standalone; set role to origin or edge");
            }

            return;
        }

        if (_options.FleetId.Length == 0)
        {
            _problems.Add($"role is {role}, so fleet.id must name the fleet");
        }

        if (problems == _problems.Count && FleetSecret.ProblemOf(_options.FleetSecret) is { } weakness)
        {
            _problems.Add(
                _options.FleetSecret.Length == 0
                    ? $"role is {role}, so fleet.secret or fleet.secretFile must be set; openssl rand -hex 32 makes one"
                    : $"{key} {weakness}; openssl rand -hex 32 makes one"
            );
        }

        if (_options.AddressHash == AddressHashMode.Ratchet)
        {
            _problems.Add(
                "privacy.addressHash is ratchet, whose keys are each node's own; the nodes of a fleet need daily"
            );
        }

        if (_options.Role == NodeRole.Origin)
        {
            if (_options.FleetOriginUrl.Length > 0)
            {
                _problems.Add("fleet.originUrl is set, but this node is the origin itself (role); remove one");
            }
        }
        else
        {
            CheckFollower();
        }

        if (problems < _problems.Count)
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
            foreach (var implied in _sinks.AddOrigin(new Uri(_options.FleetOriginUrl), fleet.Token))
            {
                _origins.TryAdd(SinkConfiguration.Prefix + implied, "role");
            }
        }
    }

    private void CheckFollower()
    {
        if (_options.FleetOriginUrl.Length == 0)
        {
            _problems.Add("role is edge, so fleet.originUrl must say where the origin is");
        }

        if (
            _options.AutomationRulesFile.Length > 0
            || _options.AutomationExcludeTools
            || _options.AutomationExcludeApplePrivacy
        )
        {
            _problems.Add("automation.* is set, but an edge has the rules of its origin; set it there");
        }
    }

    private void CheckSalt()
    {
        var key = "privacy.addressSalt";
        if (_options.AddressSaltFile.Length > 0)
        {
            if (_options.AddressSalt.Length > 0)
            {
                _problems.Add("privacy.addressSalt and privacy.addressSaltFile are both set; keep one");
                return;
            }

            key = "privacy.addressSaltFile";
            if (SettingValue.OfFile(_options.AddressSaltFile, out var salt) is { } problem)
            {
                _problems.Add($"{key} {problem}");
                return;
            }

            _options.AddressSalt = salt;
        }

        if (_options.AddressSalt.Length > 0 && ChosenSecret.WeaknessOf(_options.AddressSalt) is { } weakness)
        {
            _problems.Add($"{key} {weakness}; openssl rand -hex 32 makes one");
        }
    }

    private void CheckTls()
    {
        var encrypted = _options.ListenAddresses.FirstOrDefault(static address => address.IsTls);
        var (certificate, key) = (_options.TlsCertificateFile, _options.TlsKeyFile);
        if (certificate.Length > 0 != key.Length > 0)
        {
            _problems.Add("tls.certificateFile and tls.keyFile belong together; set both");
        }
        else if (encrypted is not null && certificate.Length == 0)
        {
            _problems.Add($"'{encrypted.Text}' needs a certificate; set tls.certificateFile and tls.keyFile");
        }
        else if (encrypted is null && certificate.Length > 0)
        {
            _problems.Add("tls.certificateFile is set, but no address in urls or adminUrls begins with https://");
        }
    }

    /// <summary>A port can be opened once: not with and without TLS, nor for visitors and operators.</summary>
    private void CheckUrlsAreDifferent()
    {
        var opened = new Dictionary<(string?, string?, int), string>();
        foreach (var address in _options.ListenAddresses)
        {
            var place = (address.SocketPath, address.IsLocalhost ? "localhost" : address.Address?.ToString(), address.Port);
            var isChosenLater = address.SocketPath is null && address.Port == 0;
            if (!isChosenLater && !opened.TryAdd(place, address.Text))
            {
                _problems.Add($"urls and adminUrls name one port twice: {opened[place]} and {address.Text}");
            }
        }
    }

    private void CheckUrls(string key, string urls) =>
        _problems.AddRange(ListenAddress.Problems(urls).Select(problem => $"{key}: {problem}"));
}
