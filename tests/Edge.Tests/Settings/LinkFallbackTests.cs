using Edge.Endpoints.Tracking;
using Edge.Settings;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Edge.Tests.Settings;

/// <summary>Addresses that answers name by setting.</summary>
public class LinkFallbackTests
{
    [Theory]
    [InlineData("links.fallbackUrl", "https://shop.example/gone", true)]
    [InlineData("links.fallbackUrl", "", true)]
    [InlineData("links.fallbackUrl", "javascript:alert(1)", false)]
    [InlineData("links.fallbackUrl", "/gone", false)]
    [InlineData("links.teamFallbackUrls", "a=https://a.example/?x=1,b=https://b.example", true)]
    [InlineData("links.teamFallbackUrls", "https://a.example", false)]
    [InlineData("links.teamFallbackUrls", "a=", false)]
    [InlineData("problems.typeBase", "https://docs.example/errors/", true)]
    [InlineData("problems.typeBase", "https://docs.example/errors#", true)]
    [InlineData("problems.typeBase", "urn:example:", true)]
    [InlineData("problems.typeBase", "https://docs.example/errors", false)]
    [InlineData("problems.typeBase", "", false)]
    public void Address_Set_IsCheckedAtStart(string key, string value, bool isValid)
    {
        var configuration = new EdgeConfiguration();

        configuration.Load(null, [], [new(key, value)]);

        Assert.True(isValid == (configuration.Problems.Count == 0), string.Join('\n', configuration.Problems));
    }

    [Fact]
    public async Task Link_OfNobody_LeadsToTheAddressForAll()
    {
        var context = new DefaultHttpContext { Request = { Method = "GET" } };

        await new DeadLinks("https://münchen.example/weg", []).AnswerAsync(context, null, "");

        Assert.Equal(302, context.Response.StatusCode);
        Assert.Equal("https://xn--mnchen-3ya.example/weg", context.Response.Headers.Location.ToString());
    }
}
