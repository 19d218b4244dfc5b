using System.Text;
using Edge.Formats;

namespace Edge.Enrichment.Sources;

/// <summary>
/// The attribution cascade of spec 6.7, twenty rules over the landing URL, the referrer and the site's own host, with
/// rules of our own in between; the first that matches wins. Parameter names are case-insensitive, an empty parameter counts as missing, and the
/// fragment is ignored. Pure; allocates only for a host in another script; never throws for input.
/// </summary>
internal static class SourceClassifier
{
    /// <summary>Length of the scratch buffer that the caller provides, characters; the result points into it.</summary>
    public const int ScratchChars = (3 * ParameterCharsMax) + ReferrerSites.HostCharsMax;

    /// <summary>Longest parameter value that is kept, characters; a longer one is cut and ends in an ellipsis.</summary>
    private const int ParameterCharsMax = 256;

    private const string High = "high";
    private const string Medium = "medium";
    private const string Low = "low";

    /// <summary>
    /// Click ids that advertising platforms add to the links of ads: rules 1 to 4, then ours. The rule's id is the
    /// parameter in lower case.
    /// </summary>
    private static readonly (string Parameter, string Source)[] ClickIds =
    [
        ("gclid", "google"),
        ("msclkid", "bing"),
        ("ttclid", "tiktok"),
        ("li_fat_id", "linkedin"),
        ("gbraid", "google"),
        ("wbraid", "google"),
        ("dclid", "google"),
        ("twclid", "twitter"),
        ("rdt_cid", "reddit"),
        ("sccid", "snapchat"),
        ("epik", "pinterest"),
        ("yclid", "yandex"),
    ];

    /// <summary>What Instagram adds to links that people share, ads or not.</summary>
    private static readonly string[] InstagramShareIds = ["igshid", "igsh"];

    private static readonly string[] PaidMediums =
    [
        "cpc",
        "ppc",
        "cpm",
        "paid",
        "paid_social",
        "paid-social",
        "paidsocial",
        "display",
    ];
    private static readonly string[] FacebookNames = ["facebook", "fb", "meta", "facebook.com", "facebook_ads"];
    private static readonly string[] InstagramNames = ["instagram", "ig", "instagram.com"];

    /// <summary>Classifies one visit; false when there is neither a URL nor a referrer.</summary>
    /// <param name="url">The landing URL, or empty.</param>
    /// <param name="referrer">The referrer, or empty.</param>
    /// <param name="requestHost">
    /// Host of the site if the URL does not have it, or empty; never the host of this service.
    /// </param>
    /// <param name="scratch">Room for <see cref="ScratchChars"/> characters.</param>
    /// <param name="result">The classification.</param>
    public static bool TryClassify(
        ReadOnlySpan<char> url,
        ReadOnlySpan<char> referrer,
        ReadOnlySpan<char> requestHost,
        Span<char> scratch,
        out TrafficSource result
    )
    {
        result = default;
        url = url.Trim();
        referrer = referrer.Trim();
        if (url.IsEmpty && referrer.IsEmpty)
        {
            return false;
        }
        // Advertising parameters appear on web pages only; ignore URLs with other schemes.
        if (UrlText.HasOtherSchemeThanHttp(url))
        {
            url = default;
        }

        var query = UrlText.Query(url);
        var host = LowerHost(UrlText.Host(referrer), scratch[(3 * ParameterCharsMax)..]);
        ReadOnlySpan<char> campaign = default;
        var isDecided = false;
        if (!query.IsEmpty)
        {
            var source = Parameter(query, "utm_source", scratch, 0);
            var medium = Parameter(query, "utm_medium", scratch, 1);
            campaign = Parameter(query, "utm_campaign", scratch, 2);
            ToLower(source, scratch);
            ToLower(medium, scratch[ParameterCharsMax..]);
            result = ByParameters(
                query,
                scratch[..source.Length],
                scratch.Slice(ParameterCharsMax, medium.Length),
                host,
                out isDecided
            );
        }
        if (!isDecided)
        {
            var site = UrlText.Host(url);
            result = ByReferrer(host, UrlText.WithoutWww(site.IsEmpty ? requestHost : site));
        }
        result.Campaign = campaign;
        return true;
    }

    /// <summary>Rules 1 to 12, and ours over parameters.</summary>
    private static TrafficSource ByParameters(
        ReadOnlySpan<char> query,
        ReadOnlySpan<char> source,
        ReadOnlySpan<char> medium,
        ReadOnlySpan<char> host,
        out bool isDecided
    )
    {
        isDecided = true;
        foreach (var (parameter, advertiser) in ClickIds)
        {
            if (Has(query, parameter))
            {
                return Of(advertiser, "paid", High, parameter);
            }
        }

        var isFacebook = IsOneOf(source, FacebookNames);
        var isInstagram = IsOneOf(source, InstagramNames);
        var isPaid = IsOneOf(medium, PaidMediums);
        var hasFacebookId = Has(query, "fbclid");
        if (hasFacebookId && host is "l.facebook.com" or "lm.facebook.com")
        {
            return Of("facebook", "paid", High, "fb_ad_redirect");
        }

        if (hasFacebookId && (isFacebook || isInstagram))
        {
            return Of(isInstagram ? "instagram" : "facebook", "paid", High, "fbclid_utm");
        }

        if (isPaid && isFacebook)
        {
            return Of("facebook", "paid", High, "utm_paid_facebook");
        }

        if (isPaid && isInstagram)
        {
            return Of("instagram", "paid", High, "utm_paid_instagram");
        }

        if (isPaid && !source.IsEmpty)
        {
            return Of(source, "paid", High, "utm_paid");
        }

        if (isPaid)
        {
            return Of("unknown", "paid", Medium, "utm_paid_no_source");
        }

        if (hasFacebookId)
        {
            return Of("facebook", "paid", Medium, "fbclid_only");
        }

        if (medium.IsEmpty && ReferrerSites.Find(UrlText.WithoutWww(source)) is { Kind: SiteKind.Assistant } assistant)
        {
            return Of(assistant.Slug, "ai", High, "utm_ai");
        }

        if (!source.IsEmpty)
        {
            return Of(source, medium.IsEmpty ? "unknown" : medium, High, "utm_explicit");
        }

        foreach (var parameter in InstagramShareIds)
        {
            if (Has(query, parameter))
            {
                return Of("instagram", "social", Medium, "igshid");
            }
        }

        isDecided = false;
        return default;
    }

    /// <summary>Rules 13 to 20.</summary>
    private static TrafficSource ByReferrer(ReadOnlySpan<char> host, ReadOnlySpan<char> site)
    {
        if (ReferrerSites.Find(host) is { } known)
        {
            return known.Kind switch
            {
                SiteKind.Search => Of(known.Slug, "organic", Medium, "ref_search"),
                SiteKind.Email => Of(known.Slug, "email", Medium, "ref_email"),
                SiteKind.Assistant => Of(known.Slug, "ai", Medium, "ref_ai"),
                _ => Of(
                    known.Slug,
                    "social",
                    Medium,
                    known.Slug is "facebook" ? "ref_facebook"
                        : known.Slug is "instagram" ? "ref_instagram"
                        : "ref_social"
                ),
            };
        }
        if (!host.IsEmpty && host.Equals(site, StringComparison.OrdinalIgnoreCase))
        {
            return Of("internal", "direct", High, "ref_internal");
        }
        // A referrer without a host counts as missing: programs write arbitrary text there.
        return host.IsEmpty ? Of("direct", "direct", High, "direct") : Of(host, "referral", Low, "ref_other");
    }

    private static TrafficSource Of(
        ReadOnlySpan<char> source,
        ReadOnlySpan<char> medium,
        string confidence,
        string ruleId
    ) =>
        new()
        {
            Source = source,
            Medium = medium,
            Confidence = confidence,
            RuleId = ruleId,
        };

    /// <summary>Reads a trimmed value to the beginning of its third of the scratch buffer.</summary>
    private static ReadOnlySpan<char> Parameter(ReadOnlySpan<char> query, string name, Span<char> scratch, int index)
    {
        var room = scratch.Slice(index * ParameterCharsMax, ParameterCharsMax);
        if (!QueryValue.TryReadCut(query, name, room, out var value, StringComparison.OrdinalIgnoreCase))
        {
            return default;
        }

        var trimmed = value.Trim();
        trimmed.CopyTo(room);
        return room[..trimmed.Length];
    }

    private static bool Has(ReadOnlySpan<char> query, string name)
    {
        Span<char> scratch = stackalloc char[ParameterCharsMax];
        return QueryValue.TryReadCut(query, name, scratch, out var value, StringComparison.OrdinalIgnoreCase)
            && !value.Trim().IsEmpty;
    }

    private static bool IsOneOf(ReadOnlySpan<char> text, string[] words)
    {
        foreach (var word in words)
        {
            if (text.SequenceEqual(word))
            {
                return true;
            }
        }

        return false;
    }

    private static void ToLower(ReadOnlySpan<char> text, Span<char> destination)
    {
        for (var i = 0; i < text.Length; i++)
        {
            destination[i] = char.ToLowerInvariant(text[i]);
        }
    }

    private static ReadOnlySpan<char> LowerHost(ReadOnlySpan<char> host, Span<char> room)
    {
        host = UrlText.WithoutWww(host).TrimEnd('.');
        if (host.Length > ReferrerSites.HostCharsMax)
        {
            return default;
        }
        if (!Ascii.IsValid(host))
        {
            return HostName.Comparable(host);
        }

        ToLower(host, room);
        return room[..host.Length];
    }
}
