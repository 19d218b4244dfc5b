using System.Net;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Links to the results of one experiment, without a key.</summary>
public class ShareTests(ManagedEdge site) : IClassFixture<ManagedEdge>
{
    [Theory]
    [InlineData("", "text/html; charset=utf-8")]
    [InlineData("/results", "application/json")]
    [InlineData("/results.svg", "image/svg+xml")]
    [InlineData("/results.png", "image/png")]
    [InlineData("/recomputations", "application/json")]
    public async Task Link_OfAnExperiment_ShowsItsResultsWithoutAKey(string form, string type)
    {
        var (uid, _) = await site.CreateAsync("", "start");
        var url = await ShareAsync(uid, """{"days":14}""");

        using var answer = await site.Edge.Client.GetAsync(url + form);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(type, answer.Content.Headers.ContentType!.ToString());
        Assert.Contains("frame-ancestors 'none'", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
        if (form == "/results")
        {
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            Assert.Equal(uid, json.RootElement.GetProperty("results").GetProperty("uid").GetString());
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("/results")]
    [InlineData("/results.svg")]
    [InlineData("/results.png")]
    [InlineData("/recomputations")]
    public async Task Link_ThatIsWrongOrGone_IsNotFound(string form)
    {
        var (uid, _) = await site.CreateAsync();
        var url = await ShareAsync(uid, """{"days":1}""");
        var changed = url[..^3] + (url[^3] == 'A' ? 'B' : 'A') + url[^2..];
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url + form));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(changed + form));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync("/ui/share/x" + form));

        await site.SendAsync("DELETE", $"/{uid}");

        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(url + form));
    }

    [Fact]
    public async Task Link_Revoked_IsNotFoundAndBothChangesAreInTheAudit()
    {
        var (uid, _) = await site.CreateAsync();
        var (url, other) = (await ShareAsync(uid, """{"days":1}"""), await ShareAsync(uid, """{"days":2}"""));
        var listed = (await site.SendAsync("GET", $"/{uid}/shares")).Json.GetProperty("shares");
        Assert.Equal(2, listed.GetArrayLength());
        // The newest is first.
        var id = listed[1].Text("id");
        Assert.DoesNotContain(url["/ui/share/".Length..], listed.GetRawText(), StringComparison.Ordinal);

        var revoked = await site.SendAsync("DELETE", $"/{uid}/shares/{id}");

        Assert.Equal(200, revoked.Status);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(url + "/results"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(other + "/results"));
        Assert.Single((await site.SendAsync("GET", $"/{uid}/shares")).Json.GetProperty("shares").EnumerateArray());
        Assert.Equal(404, (await site.SendAsync("DELETE", $"/{uid}/shares/{id}")).Status);
        var changes = (await site.SendAsync("GET", "/audit?limit=500"))
            .Json.GetProperty("entries")
            .EnumerateArray()
            .Where(entry => entry.Text("subject") == uid)
            .Select(entry => entry.Text("action"));
        Assert.Equal(["share.revoke", "share.create", "share.create", "experiment.create"], changes);
    }

    [Fact]
    public async Task Revocation_OfAnotherExperimentsShareOrByAReadingKey_IsRefused()
    {
        var ((uid, _), (other, _)) = (await site.CreateAsync(), await site.CreateAsync());
        var url = await ShareAsync(uid, """{"days":1}""");
        var id = (await site.SendAsync("GET", $"/{uid}/shares")).Json.GetProperty("shares")[0].Text("id");
        var reading = await site.CreateKeyAsync("pictify-read");

        Assert.Equal(404, (await site.SendAsync("DELETE", $"/{other}/shares/{id}")).Status);
        Assert.Equal(403, (await site.SendAsync("DELETE", $"/{uid}/shares/{id}", null, reading)).Status);
        Assert.Equal(200, (await site.SendAsync("GET", $"/{uid}/shares", null, reading)).Status);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(url + "/results"));
    }

    [Fact]
    public async Task Link_AfterItsEnd_IsNotFound()
    {
        var (uid, _) = await site.CreateAsync();
        var end = DateTimeOffset.UtcNow.AddSeconds(2);
        var url = await ShareAsync(uid, $$"""{"expiresAt":"{{end:O}}"}""");

        await Support.Wait.ForAsync(() => StatusAsync(url + "/results"), status => status == HttpStatusCode.NotFound);

        Assert.True(DateTimeOffset.UtcNow > end.AddSeconds(-1));
    }

    [Theory]
    [InlineData("""{"days":366}""", "days: out_of_range")]
    [InlineData("""{"days":"x"}""", "days: invalid_type")]
    [InlineData("""{"expiresAt":"soon"}""", "expiresAt: invalid_format")]
    public async Task Share_OfAnEndThatIsWrong_IsNotAlsoMissing(string body, string error)
    {
        var (uid, _) = await site.CreateAsync();

        Assert.Equal([error], (await site.SendAsync("POST", $"/{uid}/shares", body)).Errors);
    }

    [Theory]
    [InlineData("{}", ": required")]
    [InlineData("""{"days":1,"expiresAt":"2999-01-01T00:00:00Z"}""", ": required")]
    [InlineData("""{"days":0}""", "days: out_of_range")]
    [InlineData("""{"expiresAt":"2020-01-01T00:00:00Z"}""", "expiresAt: out_of_range")]
    [InlineData("""{"expiresAt":"2999-01-01T00:00:00Z"}""", "expiresAt: out_of_range")]
    [InlineData("""{"day":1}""", "day: unknown_member")]
    public async Task Share_OfAnEndThatIsNone_IsRefused(string body, string error)
    {
        var (uid, _) = await site.CreateAsync();

        var answer = await site.SendAsync("POST", $"/{uid}/shares", body);

        Assert.Equal(400, answer.Status);
        Assert.Contains(error, answer.Errors);
    }

    [Fact]
    public async Task Share_OfAnotherTeamsExperiment_IsNotFound()
    {
        var (uid, _) = await site.CreateAsync();
        var key = await site.CreateKeyAsync("pictify", "--project", "share-team");

        Assert.Equal(404, (await site.SendAsync("POST", $"/{uid}/shares", """{"days":1}""", key)).Status);
    }

    [Fact]
    public async Task Picture_OfAHostileName_HasItAsText()
    {
        const string Name = "<script>alert(1)</script> & co";
        var slug = ManagedEdge.NewSlug();
        var definition = ManagedEdge.AbTest(slug).Replace("\"Test\"", JsonSerializer.Serialize(Name), StringComparison.Ordinal);
        var uid = (await site.SendAsync("POST", "", definition)).Text("uid");
        var url = await ShareAsync(uid, """{"days":1}""");

        var svg = await site.Edge.Client.GetStringAsync(url + "/results.svg");

        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; co", svg, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", svg, StringComparison.Ordinal);
    }

    private async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var answer = await site.Edge.Client.GetAsync(path);
        return answer.StatusCode;
    }

    private async Task<string> ShareAsync(string uid, string body)
    {
        var answer = await site.SendAsync("POST", $"/{uid}/shares", body);
        Assert.Equal(201, answer.Status);
        return answer.Json.GetProperty("url").GetString()!;
    }
}
