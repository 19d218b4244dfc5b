using Edge.Experiments;
using Edge.Formats;

namespace Edge.Settings;

/// <summary>
/// Addresses that answers name by setting: where dead links lead, for all or for one team, and where problems are
/// described. Methods return what is wrong with a text, null when nothing is. Pure.
/// </summary>
internal static class LinkFallback
{
    public static string? ProblemOf(string url) =>
        url.Length == 0 || Destination.TryParse(url, httpsOnly: false, out var message, out _) is not null
            ? null
            : message;

    public static string? TeamProblemOf(string text)
    {
        var (team, url) = Split(text);
        return team.Length == 0 || url.Length == 0
            ? "must be a team and its address, such as shop=https://shop.example/gone"
            : ProblemOf(url);
    }

    public static string? ProblemOfTypeBase(string text) =>
        SettingValue.LineProblem(text)
        ?? (
            UrlSyntax.IsAbsolute(System.Text.Encoding.UTF8.GetBytes(text)) && text[^1] is '/' or '#' or ':' or '='
                ? null
                : "must be an absolute URI to which a name can be appended, such as https://docs.example/errors/"
        );

    /// <summary>The team and the address of <c>TEAM=URL</c>; without an equals sign no team.</summary>
    public static (string Team, string Url) Split(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? ("", text) : (text[..equals].Trim(), text[(equals + 1)..].Trim());
    }
}
