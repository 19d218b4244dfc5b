namespace Edge.LoadTests.Scenarios;

/// <summary>
/// Who asks: user agents as mail programs, browsers, proxies and gateways send them, and addresses. Pure.
/// </summary>
internal static class Visitors
{
    private static readonly string[] Browsers =
    [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    ];

    private static readonly string[] MailPrograms =
    [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; Microsoft Outlook 16.0.17928; ms-office; MSOffice 16)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0",
    ];

    // The image proxies of mail providers: Gmail's, Yahoo's, and Apple's, which says no more than this.
    private static readonly string[] Proxies =
    [
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        "Mozilla/5.0",
    ];

    // Gateways open the links of a mail to look for harm, most of them disguised as an older browser.
    private static readonly string[] Gateways =
    [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.0.0 Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/124.0.0.0 Safari/537.36",
        "python-requests/2.32.3",
    ];

    private static readonly string[] Languages =
    [
        "en-US,en;q=0.9",
        "de-DE,de;q=0.9,en;q=0.5",
        "fr-FR,fr;q=0.8",
        "pt-BR,pt;q=0.9",
    ];

    public static string Browser(int visitor) => Browsers[visitor % Browsers.Length];

    public static string MailProgram(int visitor) => MailPrograms[visitor % MailPrograms.Length];

    public static string Proxy(int visitor) => Proxies[visitor % Proxies.Length];

    public static string Gateway(int visitor) => Gateways[visitor % Gateways.Length];

    public static string Language(int visitor) => Languages[visitor % Languages.Length];

    /// <summary>
    /// An address that belongs to nobody: the networks kept for benchmarks (RFC 2544) and examples (RFC 3849).
    /// </summary>
    public static string Address(int visitor)
    {
        // Spread over the network, so that neighbours in a pool are none in the address space.
        var number = (uint)visitor * 2_654_435_761u;
        return visitor % 4 == 3
            ? $"2001:db8:{number >> 16:x}:{number & 0xffff:x}::1"
            : $"198.{18 + ((number >> 31) & 1)}.{(number >> 16) & 255}.{(number >> 8) & 255}";
    }
}
