using System.Text;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>What <c>Edge-Outcome</c> says of a request, in the demo.</summary>
public class OutcomeTests(ServedEdge served) : IClassFixture<ServedEdge>
{
    [Theory]
    [InlineData("GET", "/s/demo-ab/pixel.gif?u=a", "", "recorded")]
    [InlineData("GET", "/s/demo-ab/click?u=a", "", "recorded")]
    [InlineData("POST", "/s/demo-ab/click?u=a", "", "recorded")]
    [InlineData("HEAD", "/s/demo-ab/click", "", "head")]
    [InlineData("GET", "/s/demo-ab/resolve?u=a", "", "answered")]
    [InlineData("GET", "/s/no-such-slug/pixel.gif", "", "unknown-experiment")]
    [InlineData("GET", "/s/no-such-slug/click", "", "unknown-experiment")]
    [InlineData("GET", "/s/no-such-slug/resolve", "", "unknown-experiment")]
    [InlineData("GET", "/s/demo-ab/click", "Sec-Purpose: prefetch", "prefetch")]
    [InlineData("GET", "/s/demo-ab/pixel.gif", "Sec-Purpose: prefetch", "prefetch")]
    [InlineData("GET", "/s/demo-ab/pixel.gif", "User-Agent: Googlebot/2.1", "bot:named_bot")]
    [InlineData("GET", "/s/demo-ab/pixel.gif?u=*|UNIQID|*", "", "recorded, ignored-u")]
    [InlineData("GET", "/s/demo-ab/click?u=a&variant=zz", "", "recorded, unknown-variant")]
    public async Task Request_OfEveryKind_SaysWhatBecameOfIt(string method, string path, string header, string outcome)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (header.Split(": ") is [var name, var value])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var answer = await served.Edge.Client.SendAsync(request);

        Assert.Equal(outcome, Assert.Single(answer.Headers.GetValues("Edge-Outcome")));
    }

    [Theory]
    [InlineData("""{"event":"view","experiment":"demo-ab"}""", "recorded")]
    [InlineData(
        """[{"event":"view","experiment":"no-such"},{"event":"view","experiment":"no-such"}]""",
        "unknown-experiment"
    )]
    [InlineData(
        """[{"event":"view","experiment":"demo-ab","variantId":"zz"},{"event":"view","experiment":"demo-ab"}]""",
        "unknown-variant, recorded"
    )]
    public async Task Events_Sent_SayWhatBecameOfThem(string body, string outcome)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await served.Edge.Client.PostAsync("/s/events", content);

        Assert.Equal(outcome, Assert.Single(answer.Headers.GetValues("Edge-Outcome")));
    }
}
