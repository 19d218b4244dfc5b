using Microsoft.Extensions.Primitives;

namespace Edge.Access;

/// <summary>
/// Reads <c>Authorization: Bearer TOKEN</c> (RFC 6750 section 2.1; the scheme is case-insensitive, RFC 9110 section
/// 11.1). Pure.
/// </summary>
internal static class Bearer
{
    private const string Scheme = "Bearer";

    /// <summary>
    /// Whether a header is of this scheme, with whatever token, or a secret without a scheme. Browsers add those of other
    /// schemes on their own.
    /// </summary>
    public static bool IsMeant(in StringValues authorization)
    {
        foreach (var header in authorization)
        {
            var value = header.AsSpan().TrimStart(' ');
            if (value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || KeySecret.KindOf(value) is not null)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Reads the token; false when the header is missing, repeated, of another scheme, or does not have exactly one
    /// token.
    /// </summary>
    public static bool TryRead(scoped in StringValues authorization, out ReadOnlySpan<char> token)
    {
        token = default;
        if (authorization.Count != 1)
        {
            return false;
        }

        var header = authorization[0].AsSpan().Trim(' ');
        if (
            !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || header.Length == Scheme.Length
            || header[Scheme.Length] != ' '
        )
        {
            return false;
        }

        token = header[Scheme.Length..].TrimStart(' ');
        return !token.IsEmpty && !token.ContainsAny(' ', '\t');
    }
}
