using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Edge.Forwarding.Http;

/// <summary>
/// The header that lets a receiver verify the sender and the time of a batch: <c>t=UNIX,v1=HEX</c>, where HEX is
/// HMAC-SHA256 over the decimal seconds, a dot, and the body as it is on the wire. During a key change there are two
/// <c>v1</c>; one that matches is enough.
/// </summary>
internal static class BodySignature
{
    public const string HeaderName = "Edge-Signature";

    public static string Of(IReadOnlyList<string> secrets, DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        var seconds = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var header = new StringBuilder("t=").Append(seconds);
        foreach (var secret in secrets)
        {
            using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
            hmac.AppendData(Encoding.ASCII.GetBytes(seconds + "."));
            hmac.AppendData(body);
            header.Append(",v1=").Append(Convert.ToHexStringLower(hmac.GetHashAndReset()));
        }

        return header.ToString();
    }
}
