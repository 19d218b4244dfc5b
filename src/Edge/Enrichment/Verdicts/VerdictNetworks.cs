using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Edge.Enrichment.Verdicts;

/// <summary>Parses the networks of rules. Pure.</summary>
internal static class VerdictNetworks
{
    private const int V4Bits = 32;
    private const int V6Bits = 128;

    /// <summary>
    /// Parses a CIDR network whose bits after the prefix are zero, or a single address. IPv4-mapped IPv6 is refused,
    /// because addresses are converted to IPv4 before they are compared.
    /// </summary>
    public static bool TryParse(string text, out VerdictNetwork network)
    {
        network = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var host = slash < 0 ? text : text[..slash];
        if (
            host.Contains('%', StringComparison.Ordinal)
            || !IPAddress.TryParse(host, out var address)
            || address.IsIPv4MappedToIPv6
        )
        {
            return false;
        }

        var isV4 = address.AddressFamily == AddressFamily.InterNetwork;
        var bits = isV4 ? V4Bits : V6Bits;
        var prefix = bits;
        if (
            slash >= 0
            && (
                !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix)
                || prefix > bits
            )
        )
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[V6Bits / 8];
        address.TryWriteBytes(bytes, out _);
        var first = isV4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
        var free = bits - prefix;
        var size = free == V6Bits ? UInt128.MaxValue : (UInt128.One << free) - 1;
        // Bits after the prefix mean that the prefix or the network is a mistake.
        if ((first & size) != 0)
        {
            return false;
        }

        network = new VerdictNetwork(isV4, first, first | size);
        return true;
    }
}
