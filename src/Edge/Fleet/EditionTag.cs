using System.Buffers;
using System.Globalization;

namespace Edge.Fleet;

/// <summary>
/// Names one edition of a fleet's catalog and proves where it comes from: its version, the size and the digest of its
/// content, and the signature over these and the fleet's id. As text it is the entity tag of the edition, so every
/// request of an edge proves which version the fleet has reached. Immutable.
/// </summary>
/// <param name="Version">Increases with every edition of the fleet, whatever becomes of its origin; at most
/// <see cref="VersionMax"/>.</param>
/// <param name="Items">How many items the content has.</param>
/// <param name="Bytes">What their lines have together, bytes without line ends.</param>
/// <param name="Digest">SHA-256 of the content, 64 hexadecimal digits: <see cref="CatalogItems.Digest"/>.</param>
/// <param name="Signature">HMAC-SHA256, 64 hexadecimal digits.</param>
internal sealed record EditionTag(long Version, int Items, long Bytes, string Digest, string Signature)
{
    /// <summary>
    /// The largest version. It is 5,000 times the milliseconds since 1970, so counting never comes to it, and it is the
    /// largest number that every reader of JSON has exactly.
    /// </summary>
    public const long VersionMax = (1L << 53) - 1;

    private const int HexChars = 64;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Signs an edition.</summary>
    public static EditionTag Of(long version, CatalogItems items, FleetSecret secret)
    {
        var unsigned = new EditionTag(version, items.All.Count, items.Bytes, items.Digest, "");
        return unsigned with { Signature = secret.Sign(unsigned.Statement(secret)) };
    }

    /// <summary>Whether the holder of the secret has signed it, for this fleet.</summary>
    public bool IsSignedBy(FleetSecret secret) => secret.IsSignature(Statement(secret), Signature);

    /// <summary>The entity tag, quotes included.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"\"{Version}.{Items}.{Bytes}.{Digest}.{Signature}\"");

    /// <summary>Reads an entity tag; null when it is not of this form.</summary>
    public static EditionTag? Parse(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (text is not ['"', .. var inner, '"'])
        {
            return null;
        }

        return
            inner.ToString().Split('.') is [var number, var count, var size, var digest, var signature]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var items)
            && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            && IsHex(digest)
            && IsHex(signature)
            ? new EditionTag(version, items, bytes, digest, signature)
            : null;
    }

    /// <summary>Whether a text has the form of a digest or signature.</summary>
    public static bool IsHex(ReadOnlySpan<char> text) =>
        text.Length == HexChars && !text.ContainsAnyExcept(HexDigits);

    private string Statement(FleetSecret secret) =>
        string.Create(CultureInfo.InvariantCulture, $"edition\n{secret.Id}\n{Version}\n{Items}\n{Bytes}\n{Digest}");
}
