using Edge.Access;
using Edge.Tests.Support;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace Edge.Tests.Access;

/// <summary>What a secret opens, and when.</summary>
public sealed class KeyRingTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 5, 16, 19, 0, 0, TimeSpan.Zero);

    private readonly TempDirectory _directory = new();

    private KeyFile File => new(_directory["keys.json"]);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Find_TwoKeysOfAProject_FindsBothAndKeepsWhatTheyWereGiven()
    {
        var first = File.Issue(
            new KeyGrant(KeyKind.Traffical)
            {
                Project = "p",
                Organization = "o",
                Environment = "production",
                Scopes = ["sdk:write"],
            },
            Start
        );
        var second = File.Issue(new KeyGrant(KeyKind.Traffical) { Project = "p", Scopes = ["sdk:read"] }, Start);
        using var ring = KeyRing.Open(File, new TestClock(Start), Fail);

        var key = ring.Find(first)!;

        Assert.Equal(("p", "o", "production"), (key.Project, key.Organization, key.Environment));
        Assert.True(key.Has("sdk:write") && !ring.Find(second)!.Has("sdk:write"));
        Assert.Null(ring.Find(first.AsSpan(..^1)));
        Assert.Null(ring.Find(""));
        Assert.Null(ring.Find(new string('a', KeySecret.CharsMax + 1)));
    }

    [Fact]
    public void Find_AfterExpiry_FindsNothing()
    {
        var clock = new TestClock(Start);
        var secret = File.Issue(new KeyGrant(KeyKind.Artie) { ExpiresAt = Start.AddDays(1) }, Start);
        using var ring = KeyRing.Open(File, clock, Fail);
        Assert.NotNull(ring.Find(secret));

        clock.Advance(TimeSpan.FromDays(1));

        Assert.Null(ring.Find(secret));
    }

    [Fact]
    public void Find_KeyIssuedAMomentAgo_IsFoundWithoutWaiting()
    {
        using var ring = KeyRing.Open(File, new TestClock(Start), Fail);
        Assert.Null(ring.Find("sk_live_unknown"));

        var secret = File.Issue(new KeyGrant(KeyKind.Artie), Start);

        Assert.NotNull(ring.Find(secret));
    }

    [Fact]
    public void Find_WithinASecondOfRevocation_FindsNothing()
    {
        var clock = new TestClock(Start);
        var secret = File.Issue(new KeyGrant(KeyKind.Artie), Start);
        using var ring = KeyRing.Open(File, clock, Fail);
        ring.StartWatching();
        File.Revoke(ring.Find(secret)!.Id, Start);

        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(ring.Find(secret));
    }

    [Fact]
    public void Open_KeyWithoutAHash_IsRefused()
    {
        System.IO.File.WriteAllText(
            _directory["keys.json"],
            """{"keys":[{"id":"key_x","kind":"artie","hash":"12","hint":"abcd"}]}"""
        );

        var refused = Assert.Throws<IOException>(() => KeyRing.Open(File, new TestClock(Start), Fail));

        Assert.Contains("key_x", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pictify test", KeyKind.Pictify, "test", "^mk_test_[A-Za-z0-9]{32}$")]
    [InlineData("millimetric test", KeyKind.MillimetricPk, "test", "^pk_test_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}$")]
    [InlineData("traffical from browsers", KeyKind.TrafficalPk, "staging", "^traffical_pk_[A-Za-z0-9]{32}$")]
    public void Issue_InAnEnvironment_ShowsItWhereTheProductDoes(
        string row,
        object kind,
        string environment,
        string form
    ) =>
        Assert.True(
            System.Text.RegularExpressions.Regex.IsMatch(
                File.Issue(new KeyGrant((KeyKind)kind) { Environment = environment }, Start),
                form
            ),
            row
        );

    [Theory]
    [InlineData("the same", "https://shop.example", true)]
    [InlineData("upper case and default port", "HTTPS://Shop.Example:443", true)]
    [InlineData("another scheme", "http://shop.example", false)]
    [InlineData("another port", "https://shop.example:8443", false)]
    [InlineData("subdomain", "https://www.shop.example", false)]
    [InlineData("suffix", "https://shop.example.evil.example", false)]
    [InlineData("prefix", "https://evilshop.example", false)]
    [InlineData("user information", "https://shop.example@evil.example", false)]
    [InlineData("path", "https://shop.example/", false)]
    [InlineData("null", "null", false)]
    [InlineData("missing", null, false)]
    [InlineData("empty", "", false)]
    [InlineData("two in one", "https://shop.example https://other.example", false)]
    public void Origin_IsAllowed_OnlyWhenExactlyListed(string row, string? origin, bool isAllowed) =>
        Assert.True(OriginRule.Allows(["https://other.example", "https://shop.example"], origin) == isAllowed, row);

    [Theory]
    [InlineData("https://münchen.example", "https://xn--mnchen-3ya.example", true)]
    [InlineData("https://MÜNCHEN.example:8443", "https://xn--mnchen-3ya.example:8443", true)]
    [InlineData("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example", true)]
    [InlineData("capacitor://localhost", "capacitor://localhost", true)]
    [InlineData("chrome-extension://abcdef", "chrome-extension://abcdef", true)]
    [InlineData("capacitor://localhost", "capacitor://localhost:80", false)]
    [InlineData("capacitor://localhost", "ionic://localhost", false)]
    public void Origin_ListedAsPeopleWriteIt_IsThatOfTheBrowser(string listed, string sent, bool isAllowed)
    {
        Assert.True(OriginRule.TryNormalize(listed, out var stored));
        Assert.Equal(isAllowed, OriginRule.Allows([stored], sent));
        Assert.Equal(isAllowed, OriginRule.Allows([listed], sent));
    }

    [Theory]
    [InlineData("capacitor://")]
    [InlineData("Capacitor://localhost")]
    [InlineData("capacitor://local host")]
    [InlineData("://localhost")]
    [InlineData("capacitor://ü")]
    public void Origin_ThatNoAppSends_IsRefused(string text) => Assert.False(OriginRule.TryNormalize(text, out _));

    [Fact]
    public void Origin_WithAnEmptyList_IsNeverAllowed() => Assert.False(OriginRule.Allows([], "https://shop.example"));

    [Theory]
    [InlineData("plain", "Bearer abc", "abc")]
    [InlineData("lower case", "bearer abc", "abc")]
    [InlineData("more spaces", "Bearer   abc ", "abc")]
    [InlineData("no token", "Bearer ", null)]
    [InlineData("no space", "Bearerabc", null)]
    [InlineData("two tokens", "Bearer a b", null)]
    [InlineData("another scheme", "Basic abc", null)]
    [InlineData("empty", "", null)]
    public void Bearer_Header_GivesItsOneToken(string row, string header, string? expected) =>
        Assert.True((Bearer.TryRead(header, out var token) ? token.ToString() : null) == expected, row);

    [Fact]
    public void Bearer_SentTwice_IsNone() =>
        Assert.False(Bearer.TryRead(new StringValues(["Bearer a", "Bearer a"]), out _));

    private static void Fail(string reason) => Assert.Fail(reason);
}
