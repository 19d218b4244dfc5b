using System.CommandLine;
using System.Globalization;
using Edge.Access;
using Edge.Audit;
using Edge.Commands.Streams;
using Edge.Formats;
using Edge.Hosting;
using Edge.Settings;

namespace Edge.Commands.Keys;

/// <summary>
/// <c>edge keys create</c>: issues a key, which a running service accepts within a second. Its secret stands alone on
/// standard output, once.
/// </summary>
internal sealed class KeysCreate
{
    /// <summary>Longest project name.</summary>
    private const int TextCharsMax = 255;

    /// <summary>Most days or hours until a key expires.</summary>
    private const int ExpiryCountMax = 100_000;

    // Written out and completed lazily, because every start of the program makes this table.
    private readonly Option<string> _kind = Text(
        "--kind",
        "KIND",
        "pictify, pictify-read, write, traffical, traffical-pk, millimetric-pk, millimetric-sk, millimetric-rk, artie or synthetic."
    );
    private readonly Option<string> _project = Text("--project", "NAME", "The project its events belong to.");
    private readonly Option<string> _organization = Text("--organization", "NAME", "The organization of a key.");
    private readonly Option<string> _environment = Text(
        "--environment",
        "NAME",
        "live or test where the secret shows it, else any name."
    );
    private readonly Option<string> _expires = Text("--expires", "WHEN", "90d, 12h or a time; never without it.");
    private readonly Option<string[]> _scopes = new("--scope")
    {
        HelpName = "SCOPE",
        Description = "What it may do: sdk:write, sdk:read (traffical), ingest, query (millimetric), facts (servers).",
    };
    private readonly Option<string[]> _origins = new("--origin")
    {
        HelpName = "ORIGIN",
        Description = "Where a browser may use it, such as https://shop.example; may be repeated.",
    };

    private KeysCreate()
    {
        _kind.Required = true;
        _kind.CompletionSources.Add(static _ => WireNames<KeyKind>.Kebab.Choices.Split(", "));
        _environment.CompletionSources.Add(KeySecret.Live, KeySecret.Test);
    }

    public static Command Define(StandardStreams io)
    {
        var keys = new KeysCreate();
        var command = new Command("create", "Issues a key and prints its secret, once.")
        {
            keys._kind,
            keys._project,
            keys._organization,
            keys._environment,
            keys._expires,
            keys._scopes,
            keys._origins,
        };
        KeyCommand.SetAction(
            command,
            io,
            (options, result) => keys.Run(options, result, TimeProvider.System, io.Out, io.Error),
            mayBegin: true
        );
        return command;
    }

    private static Option<string> Text(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description };

    private int Run(EdgeOptions options, ParseResult result, TimeProvider time, TextWriter output, TextWriter error)
    {
        if (!WireNames<KeyKind>.Kebab.TryParse(result.GetRequiredValue(_kind), out var kind))
        {
            error.WriteLine($"edge keys create: --kind must be one of {WireNames<KeyKind>.Kebab.Choices}");
            return ExitCode.WrongUsage;
        }
        var project = result.GetValue(_project);
        var organization = result.GetValue(_organization);
        var environment = result.GetValue(_environment);
        DateTimeOffset? expiresAt = null;
        if (result.GetValue(_expires) is { } expires && (expiresAt = ReadExpiry(expires, time.GetUtcNow())) is null)
        {
            error.WriteLine(
                "edge keys create: --expires must be days or hours such as 90d or 12h, or a future time such as 2027-01-31T00:00:00Z"
            );
            return ExitCode.WrongUsage;
        }
        if (environment is not (null or KeySecret.Live or KeySecret.Test) && KeySecret.ShowsEnvironment(kind))
        {
            error.WriteLine("edge keys create: --environment of this kind must be live or test");
            return ExitCode.WrongUsage;
        }
        var scopes = result.GetValue(_scopes) ?? [];
        var origins = result.GetValue(_origins) ?? [];
        if (scopes.FirstOrDefault(scope => !ApiKey.ScopesOf(kind).Contains(scope)) is { } unknown)
        {
            error.WriteLine($"edge keys create: {ScopeProblem(kind, unknown)}");
            return ExitCode.WrongUsage;
        }
        if (((string[])[project ?? "-", organization ?? "-", environment ?? "-"]).FirstOrDefault(IsUnfit) is { } unfit)
        {
            error.WriteLine(
                $"edge keys create: '{unfit}' must be 1 to {TextCharsMax} characters without control characters"
            );
            return ExitCode.WrongUsage;
        }
        if (origins.FirstOrDefault(origin => !OriginRule.TryNormalize(origin, out _)) is { } notOrigin)
        {
            error.WriteLine(
                $"edge keys create: '{notOrigin}' must be an origin such as https://shop.example, without a path"
            );
            return ExitCode.WrongUsage;
        }
        var grant = new KeyGrant(kind)
        {
            Project = project,
            Organization = organization,
            Environment = environment,
            Scopes = scopes,
            Origins = [.. origins.Select(AsSent)],
            ExpiresAt = expiresAt,
        };
        var store = StoreFactory.Keys(options);
        var secret = store.Issue(grant, time.GetUtcNow());
        try
        {
            output.WriteLine(secret);
            output.Flush();
        }
        catch (OutputException)
        {
            // A key whose secret nobody has seen is of no use to anybody but a thief.
            store.Withdraw(secret);
            throw;
        }

        var created = store.Read().First(key => key.Hash == KeySecret.HashOf(secret));
        LocalAudit.Record(
            options,
            LocalAudit.Entry(time, AuditAction.CreateKey, created.Id) with
            {
                Team = created.Team,
                Detail = WireNames<KeyKind>.Kebab.Text(kind),
            },
            error
        );
        if (origins.Length == 0 && KeyWarning(kind) is { } warning)
        {
            error.WriteLine($"edge keys create: {warning}");
        }
        return ExitCode.Success;
    }

    /// <summary>Why keys of a kind cannot have a scope, with the one that was probably meant.</summary>
    private static string ScopeProblem(KeyKind kind, string unknown)
    {
        var kindName = WireNames<KeyKind>.Kebab.Text(kind);
        return ApiKey.ScopesOf(kind) is { Count: > 0 } known
            ? $"--scope '{unknown}' is not a scope of {kindName}"
                + (NearestName.Probable(known, unknown) is { } meant ? $"; did you mean {meant}?" : ";")
                + (known is [var only] ? $" {only} is the only one" : $" it has {string.Join(", ", known)}")
            : $"--scope '{unknown}': keys of the kind {kindName} have no scopes";
    }

    /// <summary>What to know of a browser key without origins.</summary>
    private static string? KeyWarning(KeyKind kind) =>
        kind switch
        {
            KeyKind.MillimetricPk => "a browser key without --origin is refused everywhere",
            KeyKind.Write or KeyKind.TrafficalPk =>
                "a browser key without --origin can be used by every page that copies it; --origin names yours",
            _ => null,
        };

    private static bool IsUnfit(string text) => text.Length is 0 or > TextCharsMax || text.Any(char.IsControl);

    /// <summary>An origin as browsers write it.</summary>
    private static string AsSent(string text) => OriginRule.TryNormalize(text, out var origin) ? origin : text;

    /// <summary>
    /// The instant of a duration from now or of a time; null when it is neither, or not in the future.
    /// </summary>
    private static DateTimeOffset? ReadExpiry(string text, DateTimeOffset now)
    {
        if (
            text.Length > 1
            && text[^1] is 'd' or 'h'
            && int.TryParse(text.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
        )
        {
            return count is > 0 and <= ExpiryCountMax
                ? now + (text[^1] == 'd' ? TimeSpan.FromDays(count) : TimeSpan.FromHours(count))
                : null;
        }

        return Timestamp.TryParse(text, out var at) && at > now ? at : null;
    }
}
