using System.Text;
using Edge.Experiments.Conditions;
using Edge.Formats;

namespace Edge.Selection.Conditions;

/// <summary>
/// Extracts the values that conditions use from request headers, as slices of the header. Only the beginning of a long
/// header is read. Pure; allocates only for a host in another script; never throws for input.
/// </summary>
internal static class HeaderValues
{
    /// <summary>Characters of a header that are read.</summary>
    private const int HeaderCharsMax = 1024;

    /// <summary>
    /// The language tag with the highest quality in an Accept-Language header, the first if several are equal; empty
    /// when there is none (RFC 9110 section 12.5.4). A star names no language, and quality 0 excludes one.
    /// </summary>
    public static ReadOnlySpan<char> PreferredLanguage(ReadOnlySpan<char> acceptLanguage)
    {
        var rest = acceptLanguage.Length > HeaderCharsMax ? acceptLanguage[..HeaderCharsMax] : acceptLanguage;
        ReadOnlySpan<char> best = default;
        var bestQuality = 0.0;
        while (!rest.IsEmpty)
        {
            var comma = rest.IndexOf(',');
            var item = comma < 0 ? rest : rest[..comma];
            rest = comma < 0 ? default : rest[(comma + 1)..];
            var semicolon = item.IndexOf(';');
            var tag = (semicolon < 0 ? item : item[..semicolon]).Trim();
            var quality = semicolon < 0 ? 1 : Quality(item[(semicolon + 1)..]);
            if (quality > bestQuality && !tag.IsEmpty && tag is not "*")
            {
                best = tag;
                bestQuality = quality;
            }
        }
        return best;
    }

    /// <summary>
    /// The host of a Referer header in ASCII, without a leading <c>www.</c>; empty when the header is not a URL with a
    /// host. Other schemes have hosts too: mail and chat programs send <c>android-app://com.example</c>.
    /// </summary>
    public static ReadOnlySpan<char> ReferrerDomain(ReadOnlySpan<char> referrer)
    {
        var text = referrer.Length > HeaderCharsMax ? referrer[..HeaderCharsMax] : referrer;
        var host = UrlText.WithoutWww(UrlText.Host(text));
        return Ascii.IsValid(host) ? host : HostName.Comparable(host);
    }

    private static double Quality(ReadOnlySpan<char> parameters)
    {
        var text = parameters.Trim();
        if (!text.StartsWith("q=", StringComparison.OrdinalIgnoreCase))
        {
            return 1; // No other parameter is defined for languages.
        }
        return ConditionNumber.TryParse(text[2..], out var quality) ? Math.Min(quality, 1) : 0;
    }
}
