using System.Text;
using Edge.Requests.Ingestion;
using Xunit;

namespace Edge.Tests.Requests.Ingestion;

/// <summary>Members of events that are not stored, and what their sender is told of them.</summary>
public class IgnoredMembersTests
{
    private const string Time = "2026-05-21T10:30:00Z";

    [Theory]
    [InlineData("""{"event":"e","userId":"x"}""", "userId; meant=user_id")]
    [InlineData("""{"event":"e","props":{},"colour":1}""", "props; meant=properties, colour")]
    [InlineData("""{"event":"e","ip":"192.0.2.1","writeKey":"k","ip":2}""", "ip, writeKey")]
    [InlineData("""{"event":"e","a\u000ab":1,"\u00fc":1}""", "a?b, ??")]
    [InlineData("""{"event":"e","properties":{"ip":1}}""", "")]
    public void Millimetric_UnknownMembers_AreNamed(string body, string told)
    {
        var ignored = new IgnoredMembers(MillimetricBody.Names);

        Assert.NotNull(MillimetricBody.Read(Encoding.UTF8.GetBytes(body), ignored).Event);
        Assert.Equal(told, ignored.Describe());
    }

    [Fact]
    public void Pictify_OfManyEvents_NamesEachOnceAndCountsAll()
    {
        var ignored = new IgnoredMembers(PictifyEvent.Names);
        var one = """{"event":"view","experiment":"demo-ab","variant":"a"}""";

        PictifyBody.Read(Encoding.UTF8.GetBytes($"[{one},{one}]"), ignored);

        Assert.Equal(("variant; meant=variantId", 2), (ignored.Describe(), ignored.Count));
    }

    [Fact]
    public void Traffical_UnknownMembers_AreNotKept()
    {
        var body =
            $$"""{"events":[{"type":"exposure","unitKey":"u","timestamp":"{{Time}}","layers":[],"latencyMs":1,"ip":"192.0.2.1","userid":"x"}]}""";
        var ignored = new IgnoredMembers(TrafficalEvent.Names);

        var reading = TrafficalBody.Read(Encoding.UTF8.GetBytes(body), new TrafficalScope(null, "p", null, 0), ignored);

        Assert.Equal("""{"latencyMs":1}""", Encoding.UTF8.GetString(Assert.Single(reading.Events).Extra.Span));
        Assert.Equal("ip, userid; meant=userId", ignored.Describe());
    }

    [Fact]
    public void Artie_MembersNamedLikeKeysAndAddresses_AreNotKept()
    {
        var body =
            $$"""{"event":"e","properties":{},"timestamp":"{{Time}}","ip":"192.0.2.1","Client_IP":1,"api-key":1,"\u0069p":1,"address":"Street 1","shipping":2}""";
        var ignored = new IgnoredMembers(known: null);

        var e = Assert.Single(ArtieBody.ReadSingle(Encoding.UTF8.GetBytes(body), ignored).Events);

        Assert.Equal("""{"address":"Street 1","shipping":2}""", Encoding.UTF8.GetString(e.Extra.Span));
        Assert.Equal(("ip, Client_IP, api-key", 4), (ignored.Describe(), ignored.Count));
    }

    [Theory]
    [InlineData("true-client-ip")]
    [InlineData("CF-Connecting-IP")]
    [InlineData("cfConnectingIpv6")]
    [InlineData("x_forwarded_for")]
    [InlineData("X.Real.IP")]
    [InlineData("remote address")]
    [InlineData("cookie")]
    [InlineData("Set-Cookie")]
    [InlineData("token")]
    [InlineData("access_token")]
    [InlineData("$authorization")]
    [InlineData("Proxy-Authorization")]
    [InlineData("passwd")]
    public void Artie_NameOfAKeyOrAnAddress_IsNotKeptHoweverItIsWritten(string name)
    {
        var body = $$"""{"event":"e","properties":{},"timestamp":"{{Time}}","{{name}}":"x","tokens_used":3}""";
        var ignored = new IgnoredMembers(known: null);

        var e = Assert.Single(ArtieBody.ReadSingle(Encoding.UTF8.GetBytes(body), ignored).Events);

        Assert.Equal("""{"tokens_used":3}""", Encoding.UTF8.GetString(e.Extra.Span));
        Assert.Equal(1, ignored.Count);
    }

    [Fact]
    public void KnownMembers_GivenTwice_AreToldByEveryApi()
    {
        var millimetric = new IgnoredMembers(MillimetricBody.Names);
        MillimetricBody.Read("""{"event":"a","\u0075rl":null,"event":"b","url":"https://a.example/","x":1}"""u8.ToArray(), millimetric);
        var pictify = new IgnoredMembers(PictifyEvent.Names);
        PictifyBody.Read("""[{"event":"view","experiment":"a","experiment":"b"}]"""u8.ToArray(), pictify);
        var traffical = new IgnoredMembers(TrafficalEvent.Names);
        var scope = new TrafficalScope(null, "p", null, 0);
        TrafficalBody.Read("""{"events":[{"type":"track"}],"events":[{"type":"track","env":"a","env":"b"}]}"""u8.ToArray(), scope, traffical);
        var artie = new IgnoredMembers(known: null);
        ArtieBody.ReadSingle(Encoding.UTF8.GetBytes($$"""{"event":"a","event":"b","properties":{"p":1,"p":2},"timestamp":"{{Time}}"}"""), artie);

        Assert.Equal("event; repeated, url; repeated, x", millimetric.Describe());
        Assert.Equal("experiment; repeated", pictify.Describe());
        Assert.Equal("events; repeated, env; repeated", traffical.Describe());
        // What is in properties is its sender's own, and kept as it was sent.
        Assert.Equal("event; repeated", artie.Describe());
    }

    [Fact]
    public void Members_WithoutEnd_AreToldShortly()
    {
        var members = Enumerable.Range(0, 900).Select(i => $"\"{new string('n', 70)}{i}\":1,\"m{i}\":1");
        var body = $$"""{"event":"e",{{string.Join(',', members)}}}""";
        var ignored = new IgnoredMembers(MillimetricBody.Names);

        MillimetricBody.Read(Encoding.UTF8.GetBytes(body), ignored);

        Assert.Equal(1_800, ignored.Count);
        Assert.InRange(ignored.Describe().Length, 1, 16 * 100);
    }
}
