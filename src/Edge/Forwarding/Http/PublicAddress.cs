using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Edge.Forwarding.Http;

/// <summary>
/// Whether an address belongs to the public internet, not to this machine, private networks, cloud metadata services,
/// multicast or reserved ranges (IANA special-purpose registries). An IPv4 address embedded in an IPv6 one is checked
/// as IPv4. Pure.
/// </summary>
internal static class PublicAddress
{
    private static readonly IPNetwork[] NotPublicV4 = Parse(
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4"
    );

    /// <summary>The only range of globally assigned IPv6 addresses.</summary>
    private static readonly IPNetwork GlobalV6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] NotPublicV6 = Parse("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    /// <summary>IPv4 through NAT64 (RFC 6052): the last four bytes are the address.</summary>
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    public static bool Is(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return !IsIn(NotPublicV4, address);
        }

        if (address.ScopeId != 0)
        {
            return false;
        }

        if (Nat64.Contains(address))
        {
            Span<byte> bytes = stackalloc byte[16];
            address.TryWriteBytes(bytes, out _);
            return Is(new IPAddress(BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..])));
        }

        return GlobalV6.Contains(address) && !IsIn(NotPublicV6, address);
    }

    private static bool IsIn(IPNetwork[] networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private static IPNetwork[] Parse(params string[] networks) => Array.ConvertAll(networks, IPNetwork.Parse);
}
