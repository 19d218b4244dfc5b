using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Edge.Enrichment.Sources;

/// <summary>The kind of a referring site.</summary>
internal enum SiteKind
{
    /// <summary>A social network or another site where people share links.</summary>
    Social,

    /// <summary>A search engine.</summary>
    Search,

    /// <summary>A mail client on the web or on a phone.</summary>
    Email,

    /// <summary>An assistant that answers with a language model and links to its sources.</summary>
    Assistant,
}

/// <summary>One known site.</summary>
/// <param name="Slug">The name written as source.</param>
/// <param name="Kind">The kind of site.</param>
internal sealed record ReferrerSite(string Slug, SiteKind Kind);

/// <summary>
/// The known referring sites: compiled for this project from the public host names of each service, as published on its
/// own pages. The most specific entry wins, so <c>mail.google.com</c> is mail although <c>google.com</c> is search. A
/// host below a search engine's is the engine only when its name says that it searches, because the same companies run
/// much else there: <c>docs.google.com</c> is no search. Immutable; look-ups allocate nothing.
/// </summary>
internal static class ReferrerSites
{
    /// <summary>Longest DNS host name, characters.</summary>
    public const int HostCharsMax = 253;

    private static readonly (SiteKind Kind, string Slug, string[] Hosts)[] Table =
    [
        (
            SiteKind.Social,
            "facebook",
            ["facebook.com", "fb.com", "fb.me", "messenger.com", "com.facebook.katana", "com.facebook.orca"]
        ),
        (SiteKind.Social, "instagram", ["instagram.com", "com.instagram.android"]),
        (SiteKind.Social, "threads", ["threads.net", "threads.com"]),
        (SiteKind.Social, "twitter", ["twitter.com", "x.com", "t.co", "com.twitter.android"]),
        (SiteKind.Social, "linkedin", ["linkedin.com", "lnkd.in", "com.linkedin.android"]),
        (SiteKind.Social, "tiktok", ["tiktok.com", "com.zhiliaoapp.musically"]),
        (SiteKind.Social, "youtube", ["youtube.com", "youtu.be", "com.google.android.youtube"]),
        (SiteKind.Social, "reddit", ["reddit.com", "redd.it", "com.reddit.frontpage"]),
        (
            SiteKind.Social,
            "pinterest",
            ["pinterest.com", "pin.it", "pinterest.de", "pinterest.fr", "pinterest.co.uk", "com.pinterest"]
        ),
        (SiteKind.Social, "snapchat", ["snapchat.com", "com.snapchat.android"]),
        (SiteKind.Social, "whatsapp", ["whatsapp.com", "wa.me", "com.whatsapp"]),
        (SiteKind.Social, "telegram", ["telegram.org", "telegram.me", "t.me", "org.telegram.messenger"]),
        (SiteKind.Social, "discord", ["discord.com", "discord.gg", "discordapp.com"]),
        (SiteKind.Social, "slack", ["slack.com"]),
        (
            SiteKind.Social,
            "mastodon",
            ["mastodon.social", "mastodon.online", "mstdn.social", "fosstodon.org", "hachyderm.io"]
        ),
        (SiteKind.Social, "bluesky", ["bsky.app", "bsky.social", "go.bsky.app"]),
        (SiteKind.Social, "hackernews", ["news.ycombinator.com", "hckrnews.com"]),
        (SiteKind.Social, "lobsters", ["lobste.rs"]),
        (SiteKind.Social, "producthunt", ["producthunt.com"]),
        (SiteKind.Social, "quora", ["quora.com"]),
        (SiteKind.Social, "stackoverflow", ["stackoverflow.com"]),
        (SiteKind.Social, "tumblr", ["tumblr.com"]),
        (SiteKind.Social, "medium", ["medium.com"]),
        (SiteKind.Social, "substack", ["substack.com"]),
        (SiteKind.Social, "vk", ["vk.com", "vkontakte.ru"]),
        (SiteKind.Social, "odnoklassniki", ["ok.ru", "odnoklassniki.ru"]),
        (SiteKind.Social, "weibo", ["weibo.com", "weibo.cn"]),
        (SiteKind.Social, "wechat", ["wechat.com", "weixin.qq.com"]),
        (SiteKind.Social, "zhihu", ["zhihu.com"]),
        (SiteKind.Social, "line", ["line.me"]),
        (SiteKind.Social, "kakao", ["kakao.com"]),
        (SiteKind.Social, "xing", ["xing.com"]),
        (SiteKind.Social, "twitch", ["twitch.tv"]),
        (SiteKind.Social, "vimeo", ["vimeo.com"]),
        (SiteKind.Social, "flickr", ["flickr.com"]),
        (SiteKind.Social, "meetup", ["meetup.com"]),
        (SiteKind.Social, "flipboard", ["flipboard.com"]),
        (SiteKind.Social, "nextdoor", ["nextdoor.com"]),
        (SiteKind.Social, "mail.ru", ["my.mail.ru"]),
        (SiteKind.Assistant, "chatgpt", ["chatgpt.com", "chat.openai.com", "com.openai.chatgpt"]),
        (SiteKind.Assistant, "claude", ["claude.ai", "com.anthropic.claude"]),
        (SiteKind.Assistant, "perplexity", ["perplexity.ai", "ai.perplexity.app.android"]),
        (SiteKind.Assistant, "gemini", ["gemini.google.com", "bard.google.com", "com.google.android.apps.bard"]),
        (SiteKind.Assistant, "notebooklm", ["notebooklm.google.com"]),
        (
            SiteKind.Assistant,
            "copilot",
            ["copilot.microsoft.com", "copilot.cloud.microsoft", "m365.cloud.microsoft", "com.microsoft.copilot"]
        ),
        (SiteKind.Assistant, "grok", ["grok.com", "grok.x.ai", "ai.x.grok"]),
        (SiteKind.Assistant, "mistral", ["chat.mistral.ai", "mistral.ai"]),
        (SiteKind.Assistant, "deepseek", ["deepseek.com", "com.deepseek.chat"]),
        (SiteKind.Assistant, "meta-ai", ["meta.ai"]),
        (SiteKind.Assistant, "duck.ai", ["duck.ai"]),
        (SiteKind.Assistant, "you", ["you.com"]),
        (SiteKind.Assistant, "poe", ["poe.com"]),
        (SiteKind.Assistant, "phind", ["phind.com"]),
        (SiteKind.Assistant, "kimi", ["kimi.com", "kimi.moonshot.cn"]),
        (SiteKind.Assistant, "doubao", ["doubao.com"]),
        (SiteKind.Assistant, "qwen", ["chat.qwen.ai"]),
        (SiteKind.Assistant, "ernie", ["yiyan.baidu.com"]),
        (SiteKind.Search, "google", ["com.google.android.googlequicksearchbox"]),
        (SiteKind.Search, "bing", ["bing.com", "com.microsoft.bing"]),
        (SiteKind.Search, "duckduckgo", ["duckduckgo.com", "com.duckduckgo.mobile.android"]),
        (SiteKind.Search, "baidu", ["baidu.com"]),
        (SiteKind.Search, "yandex", ["ya.ru"]),
        (SiteKind.Search, "ecosia", ["ecosia.org"]),
        (SiteKind.Search, "brave", ["search.brave.com"]),
        (SiteKind.Search, "startpage", ["startpage.com"]),
        (SiteKind.Search, "qwant", ["qwant.com"]),
        (SiteKind.Search, "kagi", ["kagi.com"]),
        (SiteKind.Search, "mojeek", ["mojeek.com"]),
        (SiteKind.Search, "swisscows", ["swisscows.com"]),
        (SiteKind.Search, "metager", ["metager.de", "metager.org"]),
        (SiteKind.Search, "naver", ["search.naver.com", "m.search.naver.com", "naver.com"]),
        (SiteKind.Search, "daum", ["search.daum.net", "daum.net"]),
        (SiteKind.Search, "seznam", ["search.seznam.cz", "seznam.cz"]),
        (SiteKind.Search, "sogou", ["sogou.com"]),
        (SiteKind.Search, "so", ["so.com"]),
        (SiteKind.Search, "ask", ["ask.com"]),
        (SiteKind.Search, "aol", ["search.aol.com"]),
        (SiteKind.Search, "rambler", ["rambler.ru"]),
        (SiteKind.Search, "lycos", ["lycos.com"]),
        (SiteKind.Search, "dogpile", ["dogpile.com"]),
        (SiteKind.Search, "mail.ru", ["go.mail.ru"]),
        (SiteKind.Search, "web.de", ["suche.web.de"]),
        (SiteKind.Search, "gmx", ["suche.gmx.net", "suche.gmx.at", "suche.gmx.ch", "search.gmx.com"]),
        (SiteKind.Search, "t-online", ["suche.t-online.de"]),
        (
            SiteKind.Email,
            "email",
            [
                "mail.google.com",
                "com.google.android.gm",
                "outlook.live.com",
                "outlook.office.com",
                "outlook.office365.com",
                "outlook.com",
                "com.microsoft.office.outlook",
                "mail.yahoo.com",
                "com.yahoo.mobile.client.android.mail",
                "mail.aol.com",
                "mail.proton.me",
                "mail.protonmail.com",
                "ch.protonmail.android",
                "mail.zoho.com",
                "mail.zoho.eu",
                "fastmail.com",
                "app.fastmail.com",
                "mail.ru",
                "e.mail.ru",
                "mail.yandex.ru",
                "mail.yandex.com",
                "mail.qq.com",
                "mail.163.com",
                "mail.126.com",
                "icloud.com",
                "gmx.net",
                "gmx.com",
                "gmx.de",
                "web.de",
                "mail.com",
                "app.tuta.com",
                "mail.tutanota.com",
                "hey.com",
                "webmail.freenet.de",
                "email.t-online.de",
                "mail.orange.fr",
                "mail.naver.com",
                "mail.daum.net",
                "email.seznam.cz",
                "com.samsung.android.email.provider",
            ]
        ),
    ];

    /// <summary>
    /// Search engines with a domain in nearly every country: any host that consists of the name and a country's suffix,
    /// or is a subdomain of one.
    /// </summary>
    private static readonly (string Name, ReferrerSite Site)[] Everywhere =
    [
        ("google", new("google", SiteKind.Search)),
        ("yahoo", new("yahoo", SiteKind.Search)),
        ("yandex", new("yandex", SiteKind.Search)),
    ];

    private static readonly ReferrerSite WebMail = new("email", SiteKind.Email);

    private static readonly FrozenDictionary<string, ReferrerSite>.AlternateLookup<ReadOnlySpan<char>> ByHost = Build();

    /// <summary>Names of hosts on which a search engine searches, besides two-letter languages and countries.</summary>
    private static readonly string[] SearchNames =
    [
        "search",
        "suche",
        "www",
        "m",
        "mobile",
        "wap",
        "touch",
        "image",
        "images",
        "video",
        "videos",
        "lite",
        "html",
        "start",
        "safe",
        "noai",
        "global",
        "cse",
        "r",
        "encrypted",
        "ipv4",
        "ipv6",
    ];

    /// <summary>The site of a host, given in lower case without <c>www.</c>; null when it is unknown.</summary>
    public static ReferrerSite? Find(ReadOnlySpan<char> host)
    {
        for (var rest = host; !rest.IsEmpty;)
        {
            if (ByHost.TryGetValue(rest, out var site) || TryFindEverywhere(rest, out site))
            {
                var below = host[..^rest.Length].TrimEnd('.');
                return site.Kind != SiteKind.Search || IsSearchHost(below) ? site : null;
            }

            var dot = rest.IndexOf('.');
            if (dot < 0)
            {
                return null;
            }

            rest = rest[(dot + 1)..];
        }
        return null;
    }

    private static bool TryFindEverywhere(ReadOnlySpan<char> host, [NotNullWhen(true)] out ReferrerSite? site)
    {
        const string MailHost = "mail.";
        var isMail = host.StartsWith(MailHost, StringComparison.Ordinal);
        foreach (var (name, engine) in Everywhere)
        {
            if (IsNameInACountry(isMail ? host[MailHost.Length..] : host, name))
            {
                site = isMail ? WebMail : engine;
                return true;
            }
        }

        site = null;
        return false;
    }

    /// <summary>Whether every label in front of a search engine's domain says that it searches.</summary>
    private static bool IsSearchHost(ReadOnlySpan<char> labels)
    {
        foreach (var range in labels.Split('.'))
        {
            var label = labels[range];
            if (label.Length != 2 && !label.IsEmpty && !IsSearchName(label))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsSearchName(ReadOnlySpan<char> label)
    {
        foreach (var name in SearchNames)
        {
            if (label.SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// <c>google.com</c>, <c>google.de</c>, <c>google.co.uk</c>, <c>google.com.br</c>; not <c>google.example.com</c>.
    /// </summary>
    private static bool IsNameInACountry(ReadOnlySpan<char> host, string name)
    {
        if (host.Length <= name.Length || !host.StartsWith(name, StringComparison.Ordinal) || host[name.Length] != '.')
        {
            return false;
        }

        var ending = host[(name.Length + 1)..];
        if (ending is "com")
        {
            return true;
        }

        if (ending.StartsWith("com."))
        {
            ending = ending[4..];
        }
        else if (ending.StartsWith("co."))
        {
            ending = ending[3..];
        }

        return ending.Length == 2 && char.IsAsciiLetterLower(ending[0]) && char.IsAsciiLetterLower(ending[1]);
    }

    private static FrozenDictionary<string, ReferrerSite>.AlternateLookup<ReadOnlySpan<char>> Build()
    {
        var sites =
            from row in Table
            let site = new ReferrerSite(row.Slug, row.Kind)
            from host in row.Hosts
            select KeyValuePair.Create(host, site);
        return sites.ToFrozenDictionary(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
    }
}
