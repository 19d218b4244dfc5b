using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Edge.Formats;

/// <summary>
/// Whether text is an absolute URL as browsers understand it (WHATWG URL, <c>new URL(text)</c> without a base), which
/// is what the published validator asks. Schemes with hosts must have a valid one; of other schemes only the name is
/// checked. Pure; never throws for input.
/// </summary>
internal static class UrlSyntax
{
    private const int PortMax = 65_535;

    /// <summary>Longest form of an IPv6 address, one that ends in an IPv4 address.</summary>
    private const int AddressCharsMax = 45;

    /// <summary>
    /// Characters no host may have once it is decoded; a percent sign is an escape here (URL standard, host code
    /// points).
    /// </summary>
    private static readonly SearchValues<byte> NoHost = SearchValues.Create(
        "\0\t\n\r #/:<>?@[\\]^|\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000B\u000C\u000E\u000F\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001A\u001B\u001C\u001D\u001E\u001F\u007F"u8
    );

    private static readonly SearchValues<byte> AuthorityEnd = SearchValues.Create("/\\?#"u8);

    public static bool IsAbsolute(ReadOnlySpan<byte> url)
    {
        // Browsers take control characters and spaces off both ends and line breaks out of the middle.
        while (!url.IsEmpty && url[0] <= ' ')
        {
            url = url[1..];
        }

        while (!url.IsEmpty && url[^1] <= ' ')
        {
            url = url[..^1];
        }

        if (url.IndexOfAny((byte)'\t', (byte)'\n', (byte)'\r') >= 0)
        {
            return IsAbsolute(WithoutLineBreaks(url));
        }

        var colon = url.IndexOf((byte)':');
        if (colon <= 0 || !IsScheme(url[..colon]))
        {
            return false;
        }

        var scheme = url[..colon];
        var rest = url[(colon + 1)..];
        return !HasHost(scheme) || IsAuthority(rest);
    }

    private static byte[] WithoutLineBreaks(ReadOnlySpan<byte> url)
    {
        var kept = new byte[url.Length];
        var count = 0;
        foreach (var each in url)
        {
            if (each is not ((byte)'\t' or (byte)'\n' or (byte)'\r'))
            {
                kept[count++] = each;
            }
        }
        return kept[..count];
    }

    private static bool IsScheme(ReadOnlySpan<byte> scheme)
    {
        if (!char.IsAsciiLetter((char)scheme[0]))
        {
            return false;
        }

        foreach (var each in scheme)
        {
            if (!char.IsAsciiLetterOrDigit((char)each) && each is not ((byte)'+' or (byte)'-' or (byte)'.'))
            {
                return false;
            }
        }
        return true;
    }

    private static bool HasHost(ReadOnlySpan<byte> scheme) =>
        Ascii.EqualsIgnoreCase(scheme, "https"u8)
        || Ascii.EqualsIgnoreCase(scheme, "http"u8)
        || Ascii.EqualsIgnoreCase(scheme, "ws"u8)
        || Ascii.EqualsIgnoreCase(scheme, "wss"u8)
        || Ascii.EqualsIgnoreCase(scheme, "ftp"u8);

    private static bool IsAuthority(ReadOnlySpan<byte> rest)
    {
        // Any number of slashes introduces the host.
        while (!rest.IsEmpty && rest[0] is (byte)'/' or (byte)'\\')
        {
            rest = rest[1..];
        }

        var end = rest.IndexOfAny(AuthorityEnd);
        var authority = end < 0 ? rest : rest[..end];
        authority = authority[(authority.LastIndexOf((byte)'@') + 1)..];
        var bracket = authority.LastIndexOf((byte)']');
        var colon = authority[(bracket + 1)..].IndexOf((byte)':');
        var host = colon < 0 ? authority : authority[..(bracket + 1 + colon)];
        return (colon < 0 || IsPort(authority[(bracket + 2 + colon)..])) && IsHost(host);
    }

    private static bool IsPort(ReadOnlySpan<byte> digits)
    {
        var port = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            port = port * 10 + (digit - '0');
            if (port > PortMax)
            {
                return false;
            }
        }
        return true;
    }

    private static bool IsHost(ReadOnlySpan<byte> host)
    {
        if (host.IsEmpty)
        {
            return false;
        }

        if (host[0] == (byte)'[')
        {
            return host[^1] == (byte)']'
                && host.IndexOf((byte)'%') < 0
                && IsAddress(host[1..^1], AddressFamily.InterNetworkV6);
        }
        return host.IndexOfAny(NoHost) < 0
            && ArePercentEscapes(host)
            && (!EndsInNumber(host) || IsAddress(TrimDot(host), AddressFamily.InterNetwork));
    }

    private static bool IsAddress(ReadOnlySpan<byte> text, AddressFamily family)
    {
        Span<char> chars = stackalloc char[AddressCharsMax];
        if (text.Length > chars.Length)
        {
            return false;
        }

        Encoding.Latin1.GetChars(text, chars);
        return IPAddress.TryParse(chars[..text.Length], out var address) && address.AddressFamily == family;
    }

    private static bool ArePercentEscapes(ReadOnlySpan<byte> host)
    {
        for (var at = host.IndexOf((byte)'%'); at >= 0;)
        {
            if (
                host.Length < at + 3
                || !char.IsAsciiHexDigit((char)host[at + 1])
                || !char.IsAsciiHexDigit((char)host[at + 2])
            )
            {
                return false;
            }

            var ahead = host[(at + 3)..].IndexOf((byte)'%');
            at = ahead < 0 ? -1 : at + 3 + ahead;
        }
        return true;
    }

    /// <summary>A host whose last label is a number is an IPv4 address or nothing.</summary>
    private static bool EndsInNumber(ReadOnlySpan<byte> host)
    {
        host = TrimDot(host);
        var label = host[(host.LastIndexOf((byte)'.') + 1)..];
        return !label.IsEmpty && label.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
    }

    private static ReadOnlySpan<byte> TrimDot(ReadOnlySpan<byte> host) =>
        host.Length > 1 && host[^1] == (byte)'.' ? host[..^1] : host;
}
