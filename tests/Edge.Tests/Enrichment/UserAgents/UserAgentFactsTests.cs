using Edge.Enrichment.UserAgents;
using Xunit;

namespace Edge.Tests.Enrichment.UserAgents;

public class UserAgentFactsTests
{
    private const string ChromeWindows =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";

    [Theory]
    [InlineData(ChromeWindows, "desktop", "chrome", "windows")]
    [InlineData(ChromeWindows + " Edg/126.0", "desktop", "edge", "windows")]
    [InlineData(ChromeWindows + " OPR/111.0", "desktop", "opera", "windows")]
    [InlineData(
        "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
        "desktop",
        "firefox",
        "linux"
    )]
    [InlineData(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        "desktop",
        "safari",
        "macos"
    )]
    [InlineData(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "mobile",
        "safari",
        "ios"
    )]
    [InlineData(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1",
        "mobile",
        "chrome",
        "ios"
    )]
    [InlineData(
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
        "tablet",
        "safari",
        "ios"
    )]
    [InlineData(
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        "mobile",
        "chrome",
        "android"
    )]
    [InlineData(
        "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "tablet",
        "chrome",
        "android"
    )]
    [InlineData(
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "desktop",
        "chrome",
        "chromeos"
    )]
    [InlineData("curl/8.5.0", "desktop", "", "")]
    [InlineData("", "", "", "")]
    public void UserAgent_KnownShape_IsNormalised(string userAgent, string device, string browser, string os)
    {
        var facts = UserAgentFacts.Read(userAgent);

        Assert.Equal((device, browser, os), (facts.DeviceType, facts.Browser, facts.Os));
    }
}
