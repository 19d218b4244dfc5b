using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Edge.Requests;

/// <summary>
/// The address of a visitor, folded to one form: IPv4-mapped IPv6 is IPv4 (spec: client address). It lives as long as
/// its request; only keyed hashes of it are written anywhere. A value; making it from a socket address allocates
/// nothing.
/// </summary>
internal readonly struct ClientAddress
{
    /// <summary>Longest text form: eight groups of four digits.</summary>
    public const int TextMaxBytes = 45;

    private static readonly SearchValues<char> V6Chars = SearchValues.Create("0123456789abcdefABCDEF:.");

    private readonly uint _v4;
    private readonly IPAddress? _v6;

    private ClientAddress(uint v4, IPAddress? v6)
    {
        _v4 = v4;
        _v6 = v6;
    }

    /// <summary>The address as the framework's type; allocates for IPv4.</summary>
    public IPAddress ToIPAddress()
    {
        if (_v6 is not null)
        {
            return _v6;
        }

        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, _v4);
        return new IPAddress(bytes);
    }

    /// <summary>The address as a number: IPv4 in the low 32 bits, or all 128 bits of IPv6. Allocates nothing.</summary>
    public UInt128 ToBits(out bool isV4)
    {
        isV4 = _v6 is null;
        if (_v6 is null)
        {
            return _v4;
        }

        Span<byte> bytes = stackalloc byte[16];
        _v6.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>An IPv4 address as a number.</summary>
    public static ClientAddress FromV4(uint address) => new(address, null);

    /// <summary>Folds a socket address. A null address (no IP transport) is 0.0.0.0.</summary>
    public static ClientAddress From(IPAddress? address)
    {
        if (address is null)
        {
            return default;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return new(BinaryPrimitives.ReadUInt32BigEndian(bytes), null);
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return new(BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]), null);
        }
        // A scope id belongs to this machine, not to the visitor.
        return new(0, address.ScopeId == 0 ? address : new IPAddress(bytes));
    }

    /// <summary>
    /// Reads the text of one hop: an address, optionally with a port, IPv6 optionally in brackets. Strict: four decimal
    /// octets.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ClientAddress address)
    {
        address = default;
        text = text.Trim(" \t");
        if (text.Length > TextMaxBytes + "[]:65535".Length)
        {
            return false;
        }

        if (text.StartsWith("["))
        {
            var end = text.IndexOf(']');
            if (end < 0 || !IsPort(text[(end + 1)..]))
            {
                return false;
            }

            return TryParseV6(text[1..end], out address);
        }
        var colon = text.IndexOf(':');
        if (colon < 0)
        {
            return TryParseV4(text, out address);
        }

        if (text[(colon + 1)..].Contains(':'))
        {
            return TryParseV6(text, out address);
        }

        return IsPort(text[colon..]) && TryParseV4(text[..colon], out address);
    }

    /// <summary>Whether the address lies in the network, comparing the folded form.</summary>
    public bool IsIn(in TrustedNetwork network) => network.Contains(_v4, _v6);

    /// <summary>
    /// Writes dotted IPv4 or RFC 5952 IPv6 text as ASCII and returns its length, at most <see cref="TextMaxBytes"/>.
    /// </summary>
    public int WriteText(Span<byte> destination)
    {
        int written;
        if (_v6 is not null)
        {
            _v6.TryFormat(destination, out written);
            return written;
        }
        written = 0;
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            ((byte)(_v4 >> shift)).TryFormat(destination[written..], out var digits, default, null);
            written += digits;
            if (shift > 0)
            {
                destination[written++] = (byte)'.';
            }
        }
        return written;
    }

    private static bool IsPort(ReadOnlySpan<char> text) =>
        text.IsEmpty
        || (text[0] == ':' && ushort.TryParse(text[1..], NumberStyles.None, CultureInfo.InvariantCulture, out _));

    private static bool TryParseV4(ReadOnlySpan<char> text, out ClientAddress address)
    {
        address = default;
        uint value = 0;
        for (var octet = 0; octet < 4; octet++)
        {
            var end = octet < 3 ? text.IndexOf('.') : text.Length;
            if (end is < 1 or > 3)
            {
                return false;
            }

            uint part = 0;
            foreach (var c in text[..end])
            {
                if (!char.IsAsciiDigit(c))
                {
                    return false;
                }

                part = part * 10 + (uint)(c - '0');
            }
            if (part > byte.MaxValue || (end > 1 && text[0] == '0'))
            {
                return false;
            }

            value = value << 8 | part;
            text = octet < 3 ? text[(end + 1)..] : default;
        }
        address = new(value, null);
        return true;
    }

    private static bool TryParseV6(ReadOnlySpan<char> text, out ClientAddress address)
    {
        address = default;
        // The platform also takes zones, ports, prefixes and shortened IPv4 here.
        if (text.ContainsAnyExcept(V6Chars) || !text.Contains(':') || !IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }

        address = From(parsed);
        return true;
    }
}

/// <summary>One trusted network, prepared for comparison without allocation.</summary>
internal readonly struct TrustedNetwork
{
    private readonly UInt128 _prefix;
    private readonly UInt128 _mask;
    private readonly bool _isV6;

    private TrustedNetwork(UInt128 prefix, UInt128 mask, bool isV6)
    {
        _prefix = prefix;
        _mask = mask;
        _isV6 = isV6;
    }

    /// <summary>Reads the networks of a setting, which have been checked.</summary>
    public static TrustedNetwork[] ParseAll(IEnumerable<string> texts) =>
        [.. texts.Select(text => Parse(text, out var network) is { } problem ? throw new FormatException(problem) : network)];

    /// <summary>
    /// Reads an address, or a network whose address has no bits beyond its prefix: with such bits it is not known
    /// whether the address or the network was meant. Returns what is wrong, else null.
    /// </summary>
    public static string? Parse(string text, out TrustedNetwork network)
    {
        network = default;
        if (text.Any(char.IsWhiteSpace))
        {
            return $"'{text}' has a blank in it; write networks without any, and commas between them";
        }

        var slash = text.IndexOf('/');
        var address = slash < 0 ? text : text[..slash];
        if (address.StartsWith('[') || !ClientAddress.TryParse(address, out var parsed) || HasPort(address))
        {
            return $"'{text}' is not an address or network such as 10.0.0.0/8";
        }

        var bits = parsed.ToBits(out var isV4);
        var width = isV4 ? 32 : 128;
        // ::ffff:10.0.0.0/104 is 10.0.0.0/8: addresses of visitors are folded the same way.
        var folded = isV4 && address.Contains(':') ? 96 : 0;
        var length = width;
        if (
            slash >= 0
            && (
                !int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out length)
                || (length -= folded) < 0
                || length > width
            )
        )
        {
            return $"'{text}' must have a prefix length from {folded} to {width + folded}, such as in 10.0.0.0/8";
        }

        var all = isV4 ? uint.MaxValue : UInt128.MaxValue;
        var mask = length == 0 ? 0 : (all << (width - length)) & all;
        network = new TrustedNetwork(bits & mask, mask, !isV4);
        return (bits & ~mask) == 0
            ? null
            : $"'{text}' has bits beyond its prefix; write {network.Text(length)} for the network, or the address alone";
    }

    public bool Contains(uint v4, IPAddress? v6) =>
        _isV6 ? v6 is not null && (ToBits(v6) & _mask) == _prefix : v6 is null && (v4 & _mask) == _prefix;

    private static UInt128 ToBits(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var written);
        return written == 4
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <summary>The network as it is written, with the address folded.</summary>
    private string Text(int length)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, _prefix);
        return $"{new IPAddress(_isV6 ? bytes : bytes[12..])}/{length}";
    }

    /// <summary>Whether IPv4 is followed by a port.</summary>
    private static bool HasPort(string address) => address.Contains('.') && address.IndexOf(':') > address.IndexOf('.');
}
