using System.Net;
using Edge.Forwarding.Http;
using Xunit;

namespace Edge.Tests.Forwarding.Http;

/// <summary>Addresses that a sink must not be led to, in many forms, and some it may be.</summary>
public class PublicAddressTests
{
    [Theory]
    [InlineData("this host", "0.0.0.0")]
    [InlineData("this network", "0.255.1.2")]
    [InlineData("private 10", "10.0.0.1")]
    [InlineData("private 10, end", "10.255.255.255")]
    [InlineData("shared", "100.64.0.1")]
    [InlineData("shared, end", "100.127.255.254")]
    [InlineData("loopback", "127.0.0.1")]
    [InlineData("loopback, other", "127.255.0.9")]
    [InlineData("link local", "169.254.0.1")]
    [InlineData("cloud metadata", "169.254.169.254")]
    [InlineData("private 172", "172.16.0.1")]
    [InlineData("private 172, end", "172.31.255.255")]
    [InlineData("protocol assignments", "192.0.0.8")]
    [InlineData("documentation 1", "192.0.2.1")]
    [InlineData("6to4 relay", "192.88.99.1")]
    [InlineData("private 192", "192.168.1.1")]
    [InlineData("benchmarks", "198.18.0.1")]
    [InlineData("benchmarks, end", "198.19.255.255")]
    [InlineData("documentation 2", "198.51.100.7")]
    [InlineData("documentation 3", "203.0.113.7")]
    [InlineData("multicast", "224.0.0.1")]
    [InlineData("multicast, end", "239.255.255.255")]
    [InlineData("reserved", "240.0.0.1")]
    [InlineData("broadcast", "255.255.255.255")]
    [InlineData("unspecified v6", "::")]
    [InlineData("loopback v6", "::1")]
    [InlineData("mapped loopback", "::ffff:127.0.0.1")]
    [InlineData("mapped loopback, hexadecimal", "::ffff:7f00:1")]
    [InlineData("mapped private", "::ffff:10.1.2.3")]
    [InlineData("mapped metadata", "::ffff:a9fe:a9fe")]
    [InlineData("compatible", "::127.0.0.1")]
    [InlineData("translated loopback", "::ffff:0:127.0.0.1")]
    [InlineData("NAT64 loopback", "64:ff9b::127.0.0.1")]
    [InlineData("NAT64 metadata", "64:ff9b::a9fe:a9fe")]
    [InlineData("NAT64 local prefix", "64:ff9b:1::8.8.8.8")]
    [InlineData("discard", "100::1")]
    [InlineData("Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2")]
    [InlineData("benchmarks v6", "2001:2::1")]
    [InlineData("ORCHID", "2001:20::1")]
    [InlineData("documentation v6", "2001:db8::1")]
    [InlineData("documentation v6, new", "3fff::1")]
    [InlineData("6to4 of loopback", "2002:7f00:1::1")]
    [InlineData("6to4 of a public address", "2002:808:808::1")]
    [InlineData("unique local", "fc00::1")]
    [InlineData("unique local, used half", "fd12:3456::1")]
    [InlineData("link local v6", "fe80::1")]
    [InlineData("link local v6 with zone", "fe80::1%1")]
    [InlineData("site local", "fec0::1")]
    [InlineData("multicast v6", "ff02::1")]
    [InlineData("segment routing", "5f00::1")]
    public void Is_NotOfThePublicInternet_IsRefused(string name, string address) =>
        Assert.False(PublicAddress.Is(IPAddress.Parse(address)), name);

    [Theory]
    [InlineData("v4", "8.8.8.8")]
    [InlineData("v4 before private 172", "172.15.255.255")]
    [InlineData("v4 after shared", "100.128.0.1")]
    [InlineData("v6", "2606:4700::1111")]
    [InlineData("mapped", "::ffff:8.8.8.8")]
    [InlineData("NAT64", "64:ff9b::8.8.8.8")]
    public void Is_OfThePublicInternet_IsTaken(string name, string address) =>
        Assert.True(PublicAddress.Is(IPAddress.Parse(address)), name);
}
