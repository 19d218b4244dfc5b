using System.Buffers.Text;
using System.Text;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Selection;
using Edge.Tests.Experiments;
using Edge.Visits;
using Xunit;

namespace Edge.Tests.Visits;

/// <summary>What a token says to whom.</summary>
public class LinkTokensTests
{
    private const string Secret = "6f1d2c93a4b8e75001c2d3e4f5a69788";
    private static readonly DateTimeOffset Sent = new(2026, 5, 16, 19, 0, 0, TimeSpan.Zero);
    private static readonly CatalogEntry Link = Entry("exp_link");

    [Theory]
    [InlineData("", TrackingMode.Full, "reader-1")]
    [InlineData("b", TrackingMode.Off, "anna@shop.example")]
    [InlineData("a", TrackingMode.Aggregate, "Jürgen & Söhne, 10 % ++ ?#/")]
    public void Token_Opened_SaysWhatItsSenderSaid(string variant, object tracking, string unit)
    {
        var tokens = new LinkTokens([Secret], "salt");
        var terms = new LinkTerms(variant.Length == 0 ? null : variant, (TrackingMode)tracking, Sent, Sent.AddDays(30));

        var token = tokens.Create(terms.ClaimsOf(Link), unit);
        var read = Read(tokens, token, Link, Sent.AddDays(1), out var opened);

        Assert.Equal((LinkState.Accepted, unit), (read.State, opened));
        Assert.Equal((TrackingMode)tracking, read.Tracking);
        Assert.Equal(Sent, read.SentAt);
        Assert.Equal(variant.Length == 0 ? -1 : Link.IndexOf(variant), read.VariantOf(Link));
        Assert.DoesNotContain("shop", token, StringComparison.Ordinal);
        Assert.Matches(@"^\.[A-Za-z0-9_-]+$", token);
    }

    [Theory]
    [InlineData("%20", "")]
    [InlineData("+", "%20")]
    [InlineData("%22", "%22")]
    [InlineData("%3C", "%3E")]
    [InlineData("%0D%0A%09", "%0D%0A")]
    public void Token_WithWhatStandsAroundLinks_IsOne(string before, string after)
    {
        var tokens = new LinkTokens([Secret], "salt");
        var room = new byte[Bucketing.UnitBytesMax];

        var source = Visit.ReadParameter($"?u={before}{Create(tokens, "reader-1")}{after}", tokens, room, out var written, out var token);

        Assert.Equal((UnitSource.Link, LinkState.Accepted), (source, token.State));
        Assert.Equal("reader-1", Encoding.ASCII.GetString(room.AsSpan(0, written)));
    }

    [Fact]
    public void Url_OfAClick_LeavesOutTheTokenHoweverItsParameterIsWritten()
    {
        var room = new byte[ClickUrl.BytesMax];

        var url = Encoding.ASCII.GetString(ClickUrl.Write(Link, "?a=1&U=.secret&Sig=2&SIGNATURE=3&b=4", room));

        Assert.EndsWith("/click?a=1&b=4", url, StringComparison.Ordinal);
    }

    [Fact]
    public void Token_ChangedInAnyByte_IsDamagedAndNamesNobody()
    {
        var tokens = new LinkTokens([Secret], "salt");
        var token = Create(tokens, "reader-1");
        var bytes = Base64Url.DecodeFromChars(token.AsSpan(1));
        for (var i = 0; i < bytes.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                bytes[i] ^= (byte)(1 << bit);
                var changed = "." + Base64Url.EncodeToString(bytes);
                var read = Read(tokens, changed, Link, Sent, out var unit);

                // The name of the key is before what is encrypted.
                Assert.Equal(i is 1 or 2 ? LinkState.UnknownKey : LinkState.Damaged, read.State);
                Assert.Equal(("", TrackingMode.Aggregate, -1), (unit, read.Tracking, read.VariantOf(Link)));
                bytes[i] ^= (byte)(1 << bit);
            }
        }
    }

    [Fact]
    public void Token_CutOrLengthened_IsDamaged()
    {
        var tokens = new LinkTokens([Secret], "salt");
        var token = Create(tokens, new string('u', 128));
        for (var length = 1; length < token.Length; length++)
        {
            Assert.Equal(LinkState.Damaged, Read(tokens, token[..length], Link, Sent, out _).State);
        }

        Assert.Equal(LinkState.Damaged, Read(tokens, token + "A", Link, Sent, out _).State);
        Assert.Equal(LinkState.Damaged, Read(tokens, token + new string('A', 4_000), Link, Sent, out _).State);
        Assert.Equal(LinkState.Damaged, Read(tokens, ".\u00e9\u00e9" + token, Link, Sent, out _).State);
    }

    [Theory]
    [InlineData(0, "Accepted")]
    [InlineData(29, "Accepted")]
    [InlineData(30, "Expired")]
    [InlineData(3_000, "Expired")]
    public void Token_WithAnEnd_HoldsUntilThen(int days, string state)
    {
        var tokens = new LinkTokens([Secret], "salt");
        var claims = new LinkTerms("b", TrackingMode.Off, Sent, Sent.AddDays(30)).ClaimsOf(Link);

        var read = Read(tokens, tokens.Create(claims, "reader-1"), Link, Sent.AddDays(days), out _);

        Assert.Equal(state, read.State.ToString());
        // What was promised about tracking holds afterwards too.
        Assert.Equal(TrackingMode.Off, read.Tracking);
        Assert.Equal(state == "Accepted" ? 1 : -1, read.VariantOf(Link));
    }

    [Fact]
    public void Token_OfAnotherExperiment_IsForeign()
    {
        var tokens = new LinkTokens([Secret], "salt");

        var read = Read(tokens, Create(tokens, "reader-1"), Entry("exp_other"), Sent, out _);

        Assert.Equal((LinkState.Foreign, -1), (read.State, read.VariantOf(Entry("exp_other"))));
    }

    [Fact]
    public void Secrets_Rotated_AcceptWhatEarlierOnesAndTheSaltHaveSigned()
    {
        var before = new LinkTokens([], "salt");
        var first = new LinkTokens([Secret], "salt");
        var second = new LinkTokens(["another secret " + Secret, Secret], "salt");
        var after = new LinkTokens(["another secret " + Secret], "salt");
        var elsewhere = new LinkTokens([], "another salt");

        foreach (var tokens in new[] { before, first, second })
        {
            Assert.Equal(LinkState.Accepted, Read(second, Create(tokens, "reader-1"), Link, Sent, out _).State);
        }

        Assert.Equal(LinkState.UnknownKey, Read(after, Create(first, "reader-1"), Link, Sent, out _).State);
        Assert.Equal(LinkState.UnknownKey, Read(elsewhere, Create(before, "reader-1"), Link, Sent, out _).State);
        Assert.Equal((1, 0), (after.Read(LinkState.UnknownKey), after.Read(LinkState.Accepted)));
    }

    [Fact]
    public void Token_OfTheSameUnitTwice_IsAnotherOne()
    {
        var tokens = new LinkTokens([Secret], "salt");

        Assert.NotEqual(Create(tokens, "reader-1"), Create(tokens, "reader-1"));
    }

    [Theory]
    [InlineData("", "must be 1 to 1024 characters")]
    [InlineData("*|UNIQID|*", "is a merge tag that nobody has filled in")]
    [InlineData("reader-1", null)]
    public void Unit_ThatNamesNobody_IsRefused(string unit, string? problem) =>
        Assert.Equal(problem, LinkTokens.ProblemOf(unit));

    private static string Create(LinkTokens tokens, string unit) =>
        tokens.Create(new LinkTerms(null, TrackingMode.Full, Sent, null).ClaimsOf(Link), unit);

    private static LinkToken Read(
        LinkTokens tokens,
        string token,
        CatalogEntry experiment,
        DateTimeOffset now,
        out string unit
    )
    {
        var room = new byte[128];
        var opened = tokens.Open(Encoding.UTF8.GetBytes(token), room, out var written);
        unit = Encoding.UTF8.GetString(room.AsSpan(0, written));
        return tokens.Judge(opened, experiment, now);
    }

    private static CatalogEntry Entry(string uid) =>
        new(
            Definitions.Experiment(
                $$"""
                {"uid":"{{uid}}","slug":"link","type":"ab_test","name":"x","status":"running",
                 "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}]}
                """
            )
        );
}
