using Edge.Access;
using Edge.Experiments;

namespace Edge.Commands;

/// <summary>
/// <c>edge keys create|list|revoke</c>: issues and withdraws keys. A running service accepts or refuses them within a second. A new secret
/// stands alone on stdout, once.
/// </summary>
internal static class KeysCommand
{
    /// <summary>Longest project name, scope or origin.</summary>
    private const int TextCharsMax = 255;

    public static int Create(EdgeOptions options, Arguments arguments, TimeProvider time, TextWriter output, TextWriter error)
    {
        if (arguments["kind"] is not { } kindText || !WireNames<KeyKind>.Kebab.TryParse(kindText, out var kind))
        {
            error.WriteLine($"edge keys create: --kind must be one of {WireNames<KeyKind>.Kebab.Choices}");
            return ExitCode.WrongUsage;
        }
        var project = arguments["project"];
        var scopes = arguments.List("scope");
        var origins = arguments.List("origin");
        if (((string[])[project ?? "-", .. scopes]).FirstOrDefault(IsUnfit) is { } unfit)
        {
            error.WriteLine($"edge keys create: '{unfit}' must be 1 to {TextCharsMax} characters without control characters");
            return ExitCode.WrongUsage;
        }
        if (origins.FirstOrDefault(origin => !IsOrigin(origin)) is { } notOrigin)
        {
            error.WriteLine($"edge keys create: '{notOrigin}' must be an origin such as https://shop.example, without a path");
            return ExitCode.WrongUsage;
        }
        output.WriteLine(new KeyFile(options.KeysFile).Issue(kind, project, scopes, origins, time.GetUtcNow()));
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
            var state = key.IsValidAt(now) ? "valid" : key.RevokedAt is null ? "expired" : "revoked";
            string[] columns =
            [
                key.Id, WireNames<KeyKind>.Kebab.Text(key.Kind), "..." + key.Hint, state, Timestamp.Format(key.CreatedAt), key.Project ?? "-",
                key.Scopes.Count == 0 ? "-" : string.Join(',', key.Scopes), key.Origins.Count == 0 ? "-" : string.Join(',', key.Origins),
            ];
            output.WriteLine(string.Join('\t', columns));
        }
        return ExitCode.Success;
    }

    public static int Revoke(EdgeOptions options, string id, TimeProvider time, TextWriter error)
    {
        if (new KeyFile(options.KeysFile).Revoke(id, time.GetUtcNow())) return ExitCode.Success;
        error.WriteLine($"edge keys revoke: there is no key '{id}'; edge keys list shows the ids");
        return ExitCode.Failure;
    }

    private static bool IsUnfit(string text) => text.Length is 0 or > TextCharsMax || text.Any(char.IsControl);

    /// <summary>Scheme, host and port as a browser writes them: lower case, no default port, no path (RFC 6454 section 6.1).</summary>
    private static bool IsOrigin(string text) =>
        text.Length <= TextCharsMax && Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == text;
}
