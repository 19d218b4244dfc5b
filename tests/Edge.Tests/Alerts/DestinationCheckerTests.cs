using Edge.Alerts;
using Edge.Forwarding.Http;
using Xunit;

namespace Edge.Tests.Alerts;

public class DestinationCheckerTests
{
    [Theory]
    [InlineData(200, false)]
    [InlineData(204, false)]
    [InlineData(301, false)]
    [InlineData(302, false)]
    [InlineData(308, false)]
    [InlineData(400, false)]
    [InlineData(401, false)]
    [InlineData(403, false)]
    [InlineData(404, true)]
    [InlineData(405, false)]
    [InlineData(410, true)]
    [InlineData(429, false)]
    [InlineData(451, false)]
    [InlineData(500, true)]
    [InlineData(503, true)]
    [InlineData(599, true)]
    public void Answer_OfADestination_FailsOnlyWhenNobodyWouldSeeAPage(int status, bool fails) =>
        Assert.Equal(
            fails ? $"it answered {status}" : null,
            DestinationChecker.ProblemOf(new HttpResult(status, "", null))
        );

    [Fact]
    public void Connection_ThatFails_IsAFailureAndAnAddressThatIsNotAllowedIsNot()
    {
        var failed = HttpResult.Failed("no TLS with shop.example");

        Assert.Equal("no TLS with shop.example", DestinationChecker.ProblemOf(failed));
        Assert.Null(DestinationChecker.ProblemOf(failed with { IsAddressRefused = true }));
    }
}
