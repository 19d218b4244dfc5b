using Edge.Formats;
using Edge.Forwarding;

namespace Edge.Settings.Sinks;

/// <summary>
/// Collects the sink settings of all sources, in ascending order of precedence, and builds the sinks at the end,
/// because the keys a sink may have depend on its type, which may come from the last source. The sink <c>file</c>
/// exists by default, and a sink named like a type needs no <c>type</c>. Not thread safe; used once at start.
/// </summary>
internal sealed class SinkConfiguration
{
    /// <summary>Prefix of all sink settings.</summary>
    public const string Prefix = "sinks.";

    /// <summary>The sink that exists by default.</summary>
    public const string DefaultName = "file";

    /// <summary>The sink that an edge has to its origin.</summary>
    public const string OriginName = "origin";

    private const int NameMaxChars = 32;

    // Names with another meaning in cursors, metrics and messages.
    private static readonly string[] Reserved = ["tally"];

    private static readonly string[] OriginKeys =
    [
        SinkSettings.TypeKey,
        "url",
        "format",
        "contentType",
        "headers",
        "allowPrivate",
        "allowAddresses",
    ];

    private readonly SortedDictionary<string, List<Given>> _sinks = new(StringComparer.OrdinalIgnoreCase)
    {
        [DefaultName] = [],
    };
    private bool _hasOrigin;
    private readonly Dictionary<string, string> _sources = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Declares a sink, which need not have any keys.</summary>
    public void Declare(string name, string source)
    {
        _sinks.TryAdd(name, []);
        _sources.TryAdd(name, source);
    }

    /// <summary>Adds a key from a source.</summary>
    /// <param name="key">The key without <see cref="Prefix"/>.</param>
    /// <param name="text">The value.</param>
    /// <param name="source">The source, for messages.</param>
    public void Add(string key, string text, string source)
    {
        var dot = key.IndexOf('.', StringComparison.Ordinal);
        var name = dot < 0 ? key : key[..dot];
        Declare(name, source);
        _sinks[name].Add(new Given(dot < 0 ? "" : key[(dot + 1)..], text, source));
    }

    /// <summary>
    /// Gives an edge the sink to its origin, which counts its events and forwards them, in place of files that somebody
    /// would have to collect from every node. What the sources say of these two sinks goes before it, except of where
    /// the events and the fleet's token go, which is a problem. Returns the keys.
    /// </summary>
    public IReadOnlyList<string> AddOrigin(Uri origin, string token, List<string> problems)
    {
        const string Source = "role";
        (string Key, string Text)[] given =
        [
            (SinkSettings.TypeKey, SinkTypes.Word(SinkType.Http)),
            ("url", new Uri(origin, "/fleet/events").AbsoluteUri),
            ("format", "json"),
            ("allowPrivate", "true"),
            ("headers.Authorization", "Bearer " + token),
        ];
        Declare(OriginName, Source);
        _hasOrigin = true;
        _sinks[OriginName].RemoveAll(value =>
        {
            if (!IsImplied(value.Key))
            {
                return false;
            }

            problems.Add(
                $"{value.Source}: {Prefix}{OriginName}.{value.Key} cannot be set: the sink of an edge to its origin follows from"
                    + " role and fleet.originUrl; remove it, or give your sink another name"
            );
            return true;
        });
        _sinks[OriginName].InsertRange(0, given.Select(value => new Given(value.Key, value.Text, Source)));
        _sinks[DefaultName].Insert(0, new Given("enabled", "false", Source));
        return [.. given.Select(value => $"{OriginName}.{value.Key}"), $"{DefaultName}.enabled"];
    }

    /// <summary>Builds all sinks, in order of name. Problems are added to the list, one line each.</summary>
    public IReadOnlyList<SinkOptions> Build(List<string> problems)
    {
        var sinks = new List<SinkOptions>();
        foreach (var (given, values) in _sinks)
        {
            var name = given.ToLowerInvariant();
            var source = _sources.GetValueOrDefault(given, "settings");
            if (NameProblem(name) is { } wrongName)
            {
                problems.Add($"{source}: {Prefix}{given} {wrongName}");
            }
            else if (TypeOf(name, values, source, problems) is { } type)
            {
                var options = new SinkOptions(name, type) { IsOrigin = _hasOrigin && name == OriginName };
                var refused = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
                foreach (var value in values)
                {
                    if (Assign(options, value) is var (key, problem))
                    {
                        refused.Add(key);
                        problems.Add($"{value.Source}: {problem}");
                    }
                }

                new SinkRules(options, source, refused, problems).Check();
                sinks.Add(options);
            }
        }

        return sinks;
    }

    /// <summary>Whether a key of the sink to the origin says where the events go, and how they are written.</summary>
    private static bool IsImplied(string key) =>
        OriginKeys.Contains(key, StringComparer.OrdinalIgnoreCase)
        || key.StartsWith("headers.", StringComparison.OrdinalIgnoreCase)
        || key.StartsWith("fields.", StringComparison.OrdinalIgnoreCase);

    private static string? NameProblem(string name)
    {
        var isName =
            name.Length is > 0 and <= NameMaxChars
            && name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
        if (!isName)
        {
            return $"is not a valid name: use 1 to {NameMaxChars} letters, digits and hyphens";
        }

        return Reserved.Contains(name) ? "is reserved; choose another name" : null;
    }

    private static SinkType? TypeOf(string name, List<Given> values, string source, List<string> problems)
    {
        var types = string.Join(", ", SinkTypes.All.Select(SinkTypes.Word));
        var stated = values.LastOrDefault(static value =>
            value.Key.Equals(SinkSettings.TypeKey, StringComparison.OrdinalIgnoreCase)
        );
        if (stated.Text is not null)
        {
            if (SinkTypes.TryParse(stated.Text, out var type))
            {
                return Built(type, name, stated.Source, problems);
            }

            problems.Add($"{stated.Source}: {Prefix}{name}.{SinkSettings.TypeKey} must be one of {types}");
            return null;
        }

        if (SinkTypes.TryParse(name, out var byName))
        {
            return Built(byName, name, source, problems);
        }

        problems.Add($"{source}: {Prefix}{name}.{SinkSettings.TypeKey} is missing; it must be one of {types}");
        return null;
    }

    /// <summary>The type, when this build has it.</summary>
    private static SinkType? Built(SinkType type, string name, string source, List<string> problems)
    {
        if (SinkTypes.Missing(type) is not { } missing)
        {
            return type;
        }

        problems.Add($"{source}: {Prefix}{name}.{SinkSettings.TypeKey} {missing}");
        return null;
    }

    /// <summary>Sets one value; else the key that was refused, or was probably meant, and what is wrong.</summary>
    private static (string Key, string Problem)? Assign(SinkOptions options, Given value)
    {
        if (value.Key.Equals(SinkSettings.TypeKey, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var full = $"{Prefix}{options.Name}.{value.Key}";
        if (value.Key.Length == 0)
        {
            return ("", $"{Prefix}{options.Name} must be an object with the settings of the sink");
        }

        if (Find(value.Key, out var entry) is not { } setting)
        {
            var known = SinkSettings
                .All.Where(candidate => candidate.Types.HasFlag(options.Type))
                .Select(candidate => candidate.Key);
            var nearest = NearestName.Of([SinkSettings.TypeKey, .. known], value.Key);
            return (nearest, $"unknown setting '{full}'; did you mean '{Prefix}{options.Name}.{nearest}'?");
        }

        if (!setting.Types.HasFlag(options.Type))
        {
            return (
                setting.Key,
                $"{full} is a setting of sinks of type {SinkTypes.Words(setting.Types)};"
                    + $" this one is of type {SinkTypes.Word(options.Type)}"
            );
        }

        var problem = entry is null
            ? setting.Assign(options, value.Text)
            : setting.AssignEntry!(options, entry, value.Text);
        return problem is null ? null : (setting.Key, $"{full} {problem}");
    }

    /// <summary>Finds the setting of a key; for a map, the rest of the key is the name of the entry.</summary>
    private static SinkSetting? Find(string key, out string? entry)
    {
        entry = null;
        foreach (var setting in SinkSettings.All)
        {
            if (setting.Key.Equals(key, StringComparison.OrdinalIgnoreCase))
            {
                return setting;
            }

            if (
                setting.AssignEntry is not null
                && key.Length > setting.Key.Length + 1
                && key.StartsWith(setting.Key + ".", StringComparison.OrdinalIgnoreCase)
            )
            {
                entry = key[(setting.Key.Length + 1)..];
                return setting;
            }
        }

        return null;
    }

    private readonly record struct Given(string Key, string Text, string Source);
}
