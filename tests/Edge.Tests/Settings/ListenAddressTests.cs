using Edge.Settings;
using Xunit;

namespace Edge.Tests.Settings;

public class ListenAddressTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8080", "http://127.0.0.1:8080/")]
    [InlineData("HTTP://10.1.2.3:80/", "http://10.1.2.3/")]
    [InlineData("http://[::1]:8080", "http://[::1]:8080/")]
    [InlineData("http://[::]:0", "http://127.0.0.1:0/")]
    [InlineData("http://*:8080", "http://127.0.0.1:8080/")]
    [InlineData("http://+:65535", "http://127.0.0.1:65535/")]
    [InlineData("http://0.0.0.0:8080", "http://127.0.0.1:8080/")]
    [InlineData("http://localhost:8080", "http://localhost:8080/")]
    [InlineData("http://127.0.0.1", "http://127.0.0.1/")]
    [InlineData("http://unix:/run/edge.sock", "http://localhost/")]
    [InlineData("https://127.0.0.1", "https://127.0.0.1/")]
    [InlineData("HTTPS://*:8443/", "https://127.0.0.1:8443/")]
    [InlineData("https://localhost:8443", "https://localhost:8443/")]
    public void Address_OfTheGrammar_IsTaken(string text, string loopback)
    {
        Assert.Empty(ListenAddress.Problems(text));
        Assert.Equal(loopback, Assert.Single(ListenAddress.ParseAll(text)).Loopback.ToString());
    }

    [Theory]
    [InlineData("http://127.0.0.l:8080", "not an IP address")]
    [InlineData("http://127.1:8080", "not an IP address")]
    [InlineData("http://127.0.0.01:8080", "not an IP address")]
    [InlineData("http://2130706433:8080", "not an IP address")]
    [InlineData("http://edge.example:8080", "not an IP address")]
    [InlineData("http://::1:8080", "not an IP address")]
    [InlineData("http://[::1:8080", "not an IP address")]
    [InlineData("http://[127.0.0.1]:8080", "not an IP address")]
    [InlineData("http://:8080", "not an IP address")]
    [InlineData("http://**:8080", "not an IP address")]
    [InlineData("http://127.0.0.1:99999", "port")]
    [InlineData("http://127.0.0.1:-1", "port")]
    [InlineData("http://127.0.0.1:", "port")]
    [InlineData("http://127.0.0.1:80 80", "port")]
    [InlineData("http://127.0.0.1:8080/base", "'/base'")]
    [InlineData("http://127.0.0.1:8080?x", "'?x'")]
    [InlineData("http://me@127.0.0.1:8080", "user")]
    [InlineData("http://localhost:0", "127.0.0.1:0")]
    [InlineData("http://unix:edge.sock", "whole path")]
    [InlineData("http://unix:/run/", "whole path")]
    [InlineData("https://unix:/run/edge.sock", "not encrypted")]
    [InlineData("ftp://127.0.0.1:8080", "http://127.0.0.1:8080")]
    [InlineData("127.0.0.1:8080", "http://127.0.0.1:8080")]
    public void Address_Otherwise_IsRefused(string text, string expected)
    {
        Assert.Contains(expected, Assert.Single(ListenAddress.Problems(text)), StringComparison.Ordinal);
        Assert.Empty(ListenAddress.ParseAll(text));
    }
}
