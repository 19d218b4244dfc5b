using System.Globalization;
using Edge.Access;
using Edge.Formats;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>
/// <c>edge keys create|list|revoke</c>: issues and withdraws keys. A running service accepts or refuses them within a
/// second. A new secret stands alone on stdout, once.
/// </summary>
internal static class KeysCommand
{
    /// <summary>Longest project name, scope or origin.</summary>
    private const int TextCharsMax = 255;

    /// <summary>Most days or hours until a key expires.</summary>
    private const int ExpiryCountMax = 100_000;

    public static int Create(
        EdgeOptions options,
        Arguments arguments,
        TimeProvider time,
        TextWriter output,
        TextWriter error
    )
    {
        if (arguments["kind"] is not { } kindText || !WireNames<KeyKind>.Kebab.TryParse(kindText, out var kind))
        {
            error.WriteLine($"edge keys create: --kind must be one of {WireNames<KeyKind>.Kebab.Choices}");
            return ExitCode.WrongUsage;
        }
        var project = arguments["project"];
        var organization = arguments["organization"];
        var environment = arguments["environment"];
        DateTimeOffset? expiresAt = null;
        if (arguments["expires"] is { } expires && (expiresAt = ReadExpiry(expires, time.GetUtcNow())) is null)
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
        var scopes = arguments.List("scope");
        var origins = arguments.List("origin");
        if (
            ((string[])[project ?? "-", organization ?? "-", environment ?? "-", .. scopes]).FirstOrDefault(IsUnfit) is
            { } unfit
        )
        {
            error.WriteLine(
                $"edge keys create: '{unfit}' must be 1 to {TextCharsMax} characters without control characters"
            );
            return ExitCode.WrongUsage;
        }
        if (origins.FirstOrDefault(origin => !IsOrigin(origin)) is { } notOrigin)
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
            Origins = origins,
            ExpiresAt = expiresAt,
        };
        output.WriteLine(new KeyFile(options.KeysFile).Issue(grant, time.GetUtcNow()));
        if (kind == KeyKind.MillimetricPk && origins.Length == 0)
        {
            error.WriteLine("edge keys create: a browser key without --origin is refused everywhere");
        }
        return ExitCode.Success;
    }

    public static int List(EdgeOptions options, TimeProvider time, TextWriter output)
    {
        var now = time.GetUtcNow();
        foreach (var key in new KeyFile(options.KeysFile).Read())
        {
            var state =
                key.IsValidAt(now) ? "valid"
                : key.RevokedAt is null ? "expired"
                : "revoked";
            string[] columns =
            [
                key.Id,
                WireNames<KeyKind>.Kebab.Text(key.Kind),
                "..." + key.Hint,
                state,
                Timestamp.Format(key.CreatedAt),
                key.Project ?? "-",
                key.Scopes.Count == 0 ? "-" : string.Join(',', key.Scopes),
                key.Origins.Count == 0 ? "-" : string.Join(',', key.Origins),
                key.Organization ?? "-",
                key.Environment ?? "-",
                key.ExpiresAt is { } expiresAt ? Timestamp.Format(expiresAt) : "-",
            ];
            output.WriteLine(string.Join('\t', columns));
        }
        return ExitCode.Success;
    }

    public static int Revoke(EdgeOptions options, string id, TimeProvider time, TextWriter error)
    {
        if (new KeyFile(options.KeysFile).Revoke(id, time.GetUtcNow()))
        {
            return ExitCode.Success;
        }

        error.WriteLine($"edge keys revoke: there is no key '{id}'; edge keys list shows the ids");
        return ExitCode.Failure;
    }

    private static bool IsUnfit(string text) => text.Length is 0 or > TextCharsMax || text.Any(char.IsControl);

    /// <summary>Scheme, host and port as a browser writes them.</summary>
    private static bool IsOrigin(string text) => OriginRule.TryNormalize(text, out var origin) && origin == text;

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
