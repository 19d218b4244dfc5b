using System.Buffers;
using System.Globalization;

namespace Edge.Fleet;

/// <summary>
/// Names one edition of a fleet's catalog and proves where it comes from: its version, the digest of its content and the
/// signature over both and the fleet's id. As text it is the entity tag of the edition, so every request of an edge
/// proves which version the fleet has reached. Immutable.
/// </summary>
/// <param name="Version">Increases with every edition of the fleet, whatever becomes of its origin.</param>
/// <param name="Digest">SHA-256 of the content, 64 hexadecimal digits: <see cref="CatalogItems.Digest"/>.</param>
/// <param name="Signature">HMAC-SHA256, 64 hexadecimal digits.</param>
internal sealed record EditionTag(long Version, string Digest, string Signature)
{
    private const int HexChars = 64;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Signs an edition.</summary>
    public static EditionTag Of(long version, string digest, FleetSecret secret) =>
        new(version, digest, secret.Sign(Statement(version, digest, secret)));

    /// <summary>Whether the holder of the secret has signed it, for this fleet.</summary>
    public bool IsSignedBy(FleetSecret secret) =>
        secret.IsSignature(Statement(Version, Digest, secret), Signature);

    /// <summary>The entity tag, quotes included.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"\"{Version}.{Digest}.{Signature}\"");

    /// <summary>Reads an entity tag; null when it is not of this form.</summary>
    public static EditionTag? Parse(ReadOnlySpan<char> text)
    {
        text = text.Trim();
        if (text is not ['"', .. var inner, '"'])
        {
            return null;
        }

        return
            inner.ToString().Split('.') is [var number, var digest, var signature]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            && IsHex(digest)
            && IsHex(signature)
            ? new EditionTag(version, digest, signature)
            : null;
    }

    /// <summary>Whether a text has the form of a digest or signature.</summary>
    public static bool IsHex(ReadOnlySpan<char> text) =>
        text.Length == HexChars && !text.ContainsAnyExcept(HexDigits);

    private static string Statement(long version, string digest, FleetSecret secret) =>
        string.Create(CultureInfo.InvariantCulture, $"edition\n{secret.Id}\n{version}\n{digest}");
}
