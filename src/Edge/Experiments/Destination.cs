using System.Globalization;
using System.Net;
using System.Text;
using Edge.Formats;

namespace Edge.Experiments;

/// <summary>
/// The stored target of a redirect: validated and converted to ASCII once, when an experiment is loaded, so that a
/// request only copies bytes. Absolute http or https, with a host, without user information, control characters or
/// backslashes; the host in punycode and lower case, everything after it percent-encoded and otherwise unchanged,
/// because links may be signed. Where the operator allows it, also the address of an app (<c>mailto:</c>, <c>tel:</c>, a
/// scheme of its own). The text is parsed by this type's own grammar and by <see cref="Uri"/>, and both must
/// find the same host and port, because redirect attacks exploit differences between parsers (CWE-601). Pure; never
/// throws for input.
/// </summary>
/// <param name="Location">Value of the Location header, at most <see cref="CharsMax"/> ASCII characters.</param>
internal sealed record Destination(string Location)
{
    /// <summary>Longest target, as given and after encoding.</summary>
    public const int CharsMax = 2048;

    /// <summary>What becomes the id of the click's event in the query of a destination.</summary>
    public const string ClickIdMacro = "{clickId}";

    /// <summary>How often a destination may have the macro, which grows when it is replaced.</summary>
    public const int ClickIdsMax = 4;

    /// <summary>Allows every scheme that an operator could allow: for what was valid when it was stored.</summary>
    public static readonly IReadOnlyList<string> AnyScheme = ["*"];

    private const int SchemeCharsMax = 64;

    /// <summary>Schemes that run code, read files or dress up another address in a browser.</summary>
    private static readonly string[] UnsafeSchemes =
    [
        "javascript",
        "vbscript",
        "data",
        "blob",
        "file",
        "filesystem",
        "about",
        "view-source",
        "jar",
        "ws",
        "wss",
        "ftp",
    ];

    /// <summary>
    /// Parses a target that was valid when it was stored, whatever the operator's settings were then and are now; null
    /// when there is none.
    /// </summary>
    public static Destination? OfStored(string? text) =>
        text is null ? null : TryParse(text, httpsOnly: false, out _, out _, AnyScheme);

    /// <summary>What is wrong with a scheme that an operator wants to allow; null when nothing is.</summary>
    public static string? SchemeProblem(string scheme) =>
        scheme is "http" or "https" ? $"'{scheme}' is always allowed"
        : UnsafeSchemes.Contains(scheme) ? $"'{scheme}' cannot be allowed: it is not safe to redirect to"
        : SchemeOf(scheme + ":") == scheme ? null
        : $"'{scheme}' must be a scheme without its colon, such as mailto: lower-case letters, digits, +, - and dots";

    /// <summary>
    /// Parses a target; when it is refused, <paramref name="code"/> is a violation code and the message says why.
    /// </summary>
    /// <param name="text">The target as its owner wrote it.</param>
    /// <param name="httpsOnly">Whether plain http is refused.</param>
    /// <param name="message">What is expected, as the rest of a sentence.</param>
    /// <param name="code">A violation code.</param>
    /// <param name="schemesAllowed">Schemes beside https and http, lower case; null for none.</param>
    public static Destination? TryParse(
        string text,
        bool httpsOnly,
        out string message,
        out string code,
        IReadOnlyList<string>? schemesAllowed = null
    )
    {
        (message, code) = ("", "");
        if (text.Length > CharsMax)
        {
            (message, code) = ($"must be at most {CharsMax} characters long", ViolationCodes.TooLong);
            return null;
        }
        code = ViolationCodes.InvalidFormat;
        foreach (var c in text)
        {
            if (char.IsControl(c) || c == '\\')
            {
                message = "must not contain control characters or backslashes";
                return null;
            }
        }
        if (!TryScheme(text, out var scheme))
        {
            if (SchemeOf(text) is { } app && IsAllowed(app, schemesAllowed))
            {
                return ParseApp(app, text, out message, out code);
            }
            message =
                "must be an absolute URL that begins with https:// or http://"
                + (schemesAllowed is { Count: > 0 } ? $", or with {string.Join(":, ", schemesAllowed)}:" : "");
            return null;
        }
        if (httpsOnly && scheme == Uri.UriSchemeHttp)
        {
            (message, code) = ("must begin with https://", ViolationCodes.InvalidValue);
            return null;
        }
        var authorityStart = scheme.Length + 3;
        var authorityChars = text.AsSpan(authorityStart).IndexOfAny('/', '?', '#');
        var authorityEnd = authorityChars < 0 ? text.Length : authorityStart + authorityChars;
        if (!TryAuthority(text[authorityStart..authorityEnd], out var authority, out message))
        {
            return null;
        }
        var location = new StringBuilder(text.Length + 16).Append(scheme).Append("://").Append(authority);
        if (authorityEnd == text.Length || text[authorityEnd] != '/')
        {
            location.Append('/');
        }
        if (!TryAppendEncoded(location, text.AsSpan(authorityEnd)))
        {
            message = "must be valid Unicode without spaces at the ends";
            return null;
        }
        if (location.Length > CharsMax)
        {
            (message, code) = ($"must be at most {CharsMax} characters long when encoded", ViolationCodes.TooLong);
            return null;
        }
        var result = location.ToString();
        if (
            !Uri.TryCreate(result, UriKind.Absolute, out var uri)
            || uri.Scheme != scheme
            || uri.UserInfo.Length > 0
            || !SameAuthority(uri, scheme, authority)
        )
        {
            message = "must be an http or https URL";
            return null;
        }
        return new Destination(result);
    }

    private static bool IsAllowed(string scheme, IReadOnlyList<string>? schemesAllowed) =>
        SchemeProblem(scheme) is null
        && (ReferenceEquals(schemesAllowed, AnyScheme) || schemesAllowed?.Contains(scheme) == true);

    /// <summary>The scheme in front of the first colon, in lower case; null when there is none of that form.</summary>
    private static string? SchemeOf(string text)
    {
        var colon = text.AsSpan(0, Math.Min(text.Length, SchemeCharsMax + 1)).IndexOf(':');
        // One letter is a drive to some programs.
        if (colon < 2 || !char.IsAsciiLetter(text[0]))
        {
            return null;
        }
        foreach (var c in text.AsSpan(0, colon))
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '-' or '.'))
            {
                return null;
            }
        }
        return text[..colon].ToLowerInvariant();
    }

    /// <summary>Parses the address of an app, whose scheme is allowed.</summary>
    private static Destination? ParseApp(string scheme, string text, out string message, out string code)
    {
        (message, code) = ("", ViolationCodes.InvalidFormat);
        var location = new StringBuilder(text.Length + 16).Append(scheme).Append(':');
        var rest = text.AsSpan(scheme.Length + 1);
        if (rest.IsEmpty || char.IsWhiteSpace(rest[0]) || !TryAppendEncoded(location, rest))
        {
            message = $"must have something behind {scheme}:, in valid Unicode without spaces at the ends";
            return null;
        }
        if (location.Length > CharsMax)
        {
            (message, code) = ($"must be at most {CharsMax} characters long when encoded", ViolationCodes.TooLong);
            return null;
        }
        var result = location.ToString();
        if (Uri.TryCreate(result, UriKind.Absolute, out var uri) && uri.Scheme == scheme)
        {
            return new Destination(result);
        }
        message = $"must be a {scheme} URL";
        return null;
    }

    private static bool SameAuthority(Uri uri, string scheme, string authority)
    {
        var port = uri.IsDefaultPort ? "" : $":{uri.Port}";
        var defaultPort = scheme == Uri.UriSchemeHttp ? ":80" : ":443";
        return authority == uri.Host + port || authority == uri.Host + defaultPort;
    }

    private static bool TryScheme(string text, out string scheme)
    {
        var isHttps = text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        scheme = isHttps ? Uri.UriSchemeHttps : Uri.UriSchemeHttp;
        return isHttps || text.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
    }

    private static bool TryAuthority(string text, out string authority, out string message)
    {
        authority = "";
        message = "";
        if (text.Contains('@', StringComparison.Ordinal))
        {
            message = "must not contain a user name or password";
            return false;
        }
        var isAddress = text.StartsWith('[');
        var hostEnd = isAddress
            ? text.IndexOf(']', StringComparison.Ordinal) + 1
            : text.IndexOf(':', StringComparison.Ordinal);
        var host = hostEnd < 0 ? text : text[..hostEnd];
        var port = hostEnd < 0 ? "" : text[hostEnd..];
        if (port.Length > 0 && !IsPort(port))
        {
            message = "must have a port from 1 to 65535 after the colon";
            return false;
        }
        if (host.Length == 0)
        {
            message = "must have a host";
            return false;
        }
        if (!(isAddress ? TryAddress(host, out var ascii) : HostName.TryParse(host, out ascii)))
        {
            message = "must have a valid host name or address";
            return false;
        }
        authority = ascii + port;
        return true;
    }

    private static bool IsPort(string text) =>
        text.Length is > 1 and <= 6
        && text[0] == ':'
        && text[1] != '0'
        && int.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        && port <= IPEndPoint.MaxPort;

    private static bool TryAddress(string bracketed, out string ascii)
    {
        ascii = "";
        var inner = bracketed.AsSpan(1, bracketed.Length - 2);
        if (
            inner.Contains('%')
            || !IPAddress.TryParse(inner, out var address)
            || address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6
        )
        {
            return false;
        }
        ascii = $"[{address}]";
        return true;
    }

    private static bool TryAppendEncoded(StringBuilder location, ReadOnlySpan<char> text)
    {
        if (text.Length > 0 && char.IsWhiteSpace(text[^1]))
        {
            return false;
        }
        Span<byte> utf8 = stackalloc byte[4];
        while (text.Length > 0)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var consumed) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }
            if (rune.IsAscii && IsKept(text))
            {
                location.Append((char)rune.Value);
            }
            else
            {
                foreach (var b in utf8[..rune.EncodeToUtf8(utf8)])
                {
                    location.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
                }
            }
            text = text[consumed..];
        }
        return true;
    }

    /// <summary>
    /// Whether a character is kept: reserved and unreserved characters of RFC 3986, and a percent sign before two
    /// hexadecimal digits.
    /// </summary>
    private static bool IsKept(ReadOnlySpan<char> text) =>
        text[0] == '%'
            ? text.Length > 2 && char.IsAsciiHexDigit(text[1]) && char.IsAsciiHexDigit(text[2])
            : char.IsAsciiLetterOrDigit(text[0])
                || "-._~:/?#[]@!$&'()*+,;=".Contains(text[0], StringComparison.Ordinal);
}
