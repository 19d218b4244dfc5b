namespace Edge.Enrichment;

/// <summary>
/// The part of the automation verdict that the user agent decides (spec 8.1): named crawlers and scanners, the image proxies of
/// mail providers. HTTP tools and an empty user agent are not bots: a server-side caller is legitimate, and so is a first curl.
/// Pure.
/// </summary>
internal static class Automation
{
    /// <summary>Image proxies of mail providers: the fetch is a machine's, the opening behind it a person's.</summary>
    private static readonly (string Token, string Reason)[] Proxies =
    [
        ("GoogleImageProxy", "gmail_image_proxy"),
        ("YahooMailProxy", "yahoo_mail_proxy"),
    ];

    private static readonly (string Token, string Reason)[] Scanners =
    [
        ("BarracudaCentral", "barracuda"),
        ("Mimecast", "mimecast"),
        ("proofpoint", "proofpoint"),
    ];

    /// <summary>Crawlers and link previews whose name does not end in one of <see cref="BotWords"/>.</summary>
    private static readonly (string Token, string Reason)[] Crawlers =
    [
        ("facebookexternalhit", "facebookexternalhit"),
        ("WhatsApp/", "whatsapp"),
        ("HeadlessChrome", "headless_chrome"),
        ("BingPreview", "bing_preview"),
        ("Google-PageRenderer", "google_page_renderer"),
        ("Google-InspectionTool", "google_inspection_tool"),
        ("Mediapartners-Google", "mediapartners_google"),
        ("Slurp", "yahoo_slurp"),
        ("Slack-ImgProxy", "slack"),
        ("SkypeUriPreview", "skype_uri_preview"),
    ];

    private static readonly string[] BotWords = ["bot", "crawler", "spider"];

    /// <summary>Names that end in <c>bot</c> and are phones of people.</summary>
    private static readonly string[] NotBots = ["cubot"];

    /// <summary>Apple Mail Privacy Protection sends exactly this.</summary>
    private const string AppleMailPrivacy = "Mozilla/5.0";

    /// <summary>The verdict and its reason, a word from a closed set.</summary>
    public static (Verdict Verdict, string Reason) Judge(ReadOnlySpan<char> userAgent)
    {
        if (userAgent.IsEmpty) return (Verdict.Unknown, "no_user_agent");
        if (userAgent.SequenceEqual(AppleMailPrivacy)) return (Verdict.Proxy, "apple_mail_privacy");
        if (Find(Proxies, userAgent) is { } proxy) return (Verdict.Proxy, proxy);
        if (Find(Scanners, userAgent) is { } scanner) return (Verdict.Scanner, scanner);
        if (Find(Crawlers, userAgent) is { } crawler) return (Verdict.Bot, crawler);
        if (HasBotWord(userAgent)) return (Verdict.Bot, "named_bot");
        return (Verdict.Human, "");
    }

    private static string? Find((string Token, string Reason)[] table, ReadOnlySpan<char> userAgent)
    {
        foreach (var (token, reason) in table)
            if (userAgent.Contains(token, StringComparison.OrdinalIgnoreCase)) return reason;
        return null;
    }

    /// <summary>Whether a word ends in bot, crawler or spider: "Googlebot/2.1" does, "Cubot" and "botanical" do not.</summary>
    private static bool HasBotWord(ReadOnlySpan<char> userAgent)
    {
        foreach (var word in BotWords)
        {
            var from = 0;
            while (userAgent[from..].IndexOf(word, StringComparison.OrdinalIgnoreCase) is var at and >= 0)
            {
                var start = from + at;
                from = start + word.Length;
                var endsWord = from == userAgent.Length || !char.IsAsciiLetter(userAgent[from]);
                if (endsWord && !IsException(userAgent[..from])) return true;
            }
        }
        return false;
    }

    private static bool IsException(ReadOnlySpan<char> upToWordEnd)
    {
        foreach (var name in NotBots)
            if (upToWordEnd.EndsWith(name, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
