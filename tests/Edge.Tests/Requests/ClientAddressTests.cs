using System.Net;
using System.Text;
using Edge.Formats;
using Edge.Requests;
using Xunit;

namespace Edge.Tests.Requests;

public class ClientAddressTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:DB8:0:0:0:0:0:1", "2001:db8::1")]
    [InlineData("fe80::1%3", "fe80::1")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    public void ClientAddress_FromSocket_IsFoldedToOneText(string socket, string expected) =>
        Assert.Equal(expected, Text(ClientAddress.From(IPAddress.Parse(socket))));

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData(" 192.0.2.1\t", "192.0.2.1")]
    [InlineData("192.0.2.1:4711", "192.0.2.1")]
    [InlineData("[2001:db8::1]", "2001:db8::1")]
    [InlineData("[2001:db8::1]:4711", "2001:db8::1")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    [InlineData("::ffff:10.1.2.3", "10.1.2.3")]
    public void ClientAddress_HopText_IsRead(string hop, string expected)
    {
        Assert.True(ClientAddress.TryParse(hop, out var address));
        Assert.Equal(expected, Text(address));
    }

    [Theory]
    [InlineData("")]
    [InlineData("unknown")]
    [InlineData("_hidden")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("1.2.3.-4")]
    [InlineData("0x7f.1")]
    [InlineData("1.2.3.4:99999")]
    [InlineData("1.2.3.4:x")]
    [InlineData("1.2.3.4:+80")]
    [InlineData("1.2.3.04")]
    [InlineData("127.1")]
    [InlineData("[127.1]")]
    [InlineData("[1.2.3.4]")]
    [InlineData("[[::1]")]
    [InlineData("::1/64")]
    [InlineData("[2001:db8::1")]
    [InlineData("[2001:db8::1]x")]
    [InlineData("fe80::1%eth0")]
    [InlineData("12345.1.1.1")]
    [InlineData("2001:db8::1::2")]
    public void ClientAddress_NotAnAddress_IsRefused(string hop) => Assert.False(ClientAddress.TryParse(hop, out _));

    [Theory]
    [InlineData("untrusted peer: header ignored", "198.51.100.1", "", "203.0.113.5", "198.51.100.1")]
    [InlineData("trusted peer: the hop it wrote", "10.0.0.1", "10.0.0.0/8", "203.0.113.5", "203.0.113.5")]
    [InlineData("forged left part never read", "10.0.0.1", "10.0.0.0/8", "1.1.1.1, 203.0.113.5", "203.0.113.5")]
    [InlineData("two trusted hops", "10.0.0.1", "10.0.0.0/8", "203.0.113.5, 10.0.0.2", "203.0.113.5")]
    [InlineData("all hops trusted: the outermost", "10.0.0.1", "10.0.0.0/8", "10.0.0.3, 10.0.0.2", "10.0.0.3")]
    [InlineData("not an address: last one trusted", "10.0.0.1", "10.0.0.0/8", "203.0.113.5, unknown", "10.0.0.1")]
    [InlineData("empty header", "10.0.0.1", "10.0.0.0/8", "", "10.0.0.1")]
    [InlineData("empty items", "10.0.0.1", "10.0.0.0/8", ",203.0.113.5, ,10.0.0.2,", "203.0.113.5")]
    [InlineData("network of mapped addresses", "10.0.0.1", "::ffff:10.0.0.0/104", "203.0.113.5", "203.0.113.5")]
    [InlineData("mapped peer", "::ffff:10.0.0.1", "10.0.0.0/8", "203.0.113.5", "203.0.113.5")]
    [InlineData("v6 network", "2001:db8::7", "2001:db8::/32", "2001:db9::1", "2001:db9::1")]
    [InlineData("v6 outside network", "2001:db9::7", "2001:db8::/32", "203.0.113.5", "2001:db9::7")]
    [InlineData("single address", "10.0.0.1", "10.0.0.1", "203.0.113.5", "203.0.113.5")]
    [InlineData("v4 network does not trust v6", "::1", "0.0.0.0/0", "203.0.113.5", "::1")]
    public void Resolver_XForwardedFor_WalksFromTheRight(
        string row,
        string peer,
        string trusted,
        string header,
        string expected
    )
    {
        var resolver = new ClientAddressResolver(
            trusted.Split(',', StringSplitOptions.RemoveEmptyEntries),
            ForwardedHeader.XForwardedFor
        );

        var address = Resolve(resolver, peer, header);

        Assert.True(expected == Text(address), $"{row}: {Text(address)}");
    }

    [Theory]
    [InlineData("for=203.0.113.5", "203.0.113.5")]
    [InlineData("for=203.0.113.5;proto=https;by=10.0.0.1", "203.0.113.5")]
    [InlineData("proto=https; For=\"[2001:db8::17]:4711\"", "2001:db8::17")]
    [InlineData("for=1.1.1.1, for=203.0.113.5", "203.0.113.5")]
    [InlineData("for=\"a,b\", for=203.0.113.5", "203.0.113.5")]
    [InlineData("for=unknown", "10.0.0.1")]
    [InlineData("for=_secret", "10.0.0.1")]
    [InlineData("proto=https", "10.0.0.1")]
    public void Resolver_Forwarded_ReadsFor(string header, string expected)
    {
        var resolver = new ClientAddressResolver(["10.0.0.0/8"], ForwardedHeader.Forwarded);

        Assert.Equal(expected, Text(Resolve(resolver, "10.0.0.1", header)));
    }

    [Theory]
    [InlineData("10.1.2.3/8", "write 10.0.0.0/8")]
    [InlineData("2001:db8::1/32", "write 2001:db8::/32")]
    [InlineData("::ffff:10.1.2.3/104", "write 10.0.0.0/8")]
    [InlineData("127.1", "not an address or network")]
    [InlineData("127.1/8", "not an address or network")]
    [InlineData("010.0.0.0/8", "not an address or network")]
    [InlineData("[::1]", "not an address or network")]
    [InlineData("10.0.0.1:80", "not an address or network")]
    [InlineData("fe80::%eth0/64", "not an address or network")]
    [InlineData("10.0.0.0/33", "0 to 32")]
    [InlineData("10.0.0.0/", "0 to 32")]
    [InlineData("10.0.0.0/+8", "0 to 32")]
    [InlineData("10.0.0.0 /8", "has a blank in it")]
    [InlineData("10.0.0.0/ 8", "has a blank in it")]
    [InlineData("10.0.0.0/8 10.1.0.1", "commas between them")]
    [InlineData("::/129", "0 to 128")]
    [InlineData("::ffff:0.0.0.0/80", "96 to 128")]
    public void TrustedNetwork_ThatMeansSomethingElse_IsRefused(string text, string expected) =>
        Assert.Contains(expected, TrustedNetwork.Parse(text, out _), StringComparison.Ordinal);

    [Theory]
    [InlineData("for=203.0.113.5", 0)]
    [InlineData("for=unknown", 0)]
    [InlineData("for=203.0.113.5;", 0)]
    [InlineData("for=", 1)]
    [InlineData("for=6.6.6.6;x=\", for=10.0.0.2", 1)]
    public void Resolver_MalformedHeader_IsCounted(string header, long malformed)
    {
        var resolver = new ClientAddressResolver(["10.0.0.0/8"], ForwardedHeader.Forwarded);

        Resolve(resolver, "10.0.0.1", header);

        Assert.Equal(malformed, resolver.Malformed);
    }

    [Fact]
    public void Resolver_SeveralHeaderLines_AreOneList()
    {
        var resolver = new ClientAddressResolver(["10.0.0.0/8"], ForwardedHeader.XForwardedFor);

        var address = Resolve(resolver, "10.0.0.1", "1.1.1.1, 203.0.113.5", "10.0.0.2");

        Assert.Equal("203.0.113.5", Text(address));
    }

    [Fact]
    public void Resolver_HeaderOfASenderThatIsNotTrusted_IsCountedAndReportedOnce()
    {
        var reports = 0;
        var resolver = new ClientAddressResolver(["10.0.0.0/8"], ForwardedHeader.XForwardedFor, () => reports++);

        Resolve(resolver, "10.0.0.1", "203.0.113.5");
        Resolve(resolver, "192.0.2.1");
        var isQuiet = (resolver.Untrusted, reports) == (0, 0);
        Resolve(resolver, "192.0.2.1", "203.0.113.5");
        Resolve(resolver, "192.0.2.1", "203.0.113.5", "203.0.113.6");

        Assert.True(isQuiet);
        Assert.Equal((2, 1), (resolver.Untrusted, reports));
    }

    [Fact]
    public void Resolver_EndlessChain_StopsAtTheLimit()
    {
        var resolver = new ClientAddressResolver(["10.0.0.0/8"], ForwardedHeader.XForwardedFor);
        var chain = "203.0.113.5, " + string.Join(", ", Enumerable.Repeat("10.0.0.2", 100));

        Assert.Equal("10.0.0.2", Text(Resolve(resolver, "10.0.0.1", chain)));
    }

    private static ClientAddress Resolve(ClientAddressResolver resolver, string peer, params string[] lines) =>
        resolver.Resolve(
            ClientAddress.From(IPAddress.Parse(peer)),
            Array.ConvertAll(lines, line => new HeaderLine(resolver.HeaderName, line.AsMemory()))
        );

    private static string Text(in ClientAddress address)
    {
        Span<byte> text = stackalloc byte[ClientAddress.TextMaxBytes];
        return Encoding.ASCII.GetString(text[..address.WriteText(text)]);
    }
}
