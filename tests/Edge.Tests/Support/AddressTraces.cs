using System.Text;

namespace Edge.Tests.Support;

/// <summary>
/// Looks for traces of the canary addresses in bytes: as text, in hexadecimal, as a decimal number, as 4 bytes in both
/// orders, as 16 bytes. The canaries are four networks, so that millions of bytes are searched for few needles. Short
/// needles count only between other characters than letters and digits, because the digits of a random hash contain
/// every short number sooner or later; and of the 4-byte forms only the eight lowest addresses of each network are
/// looked for, because random numbers contain those of whole networks.
/// </summary>
internal static class AddressTraces
{
    /// <summary>
    /// First three bytes of the IPv4 canaries: two documentation networks and one of the loopback, for direct
    /// connections.
    /// </summary>
    public static readonly byte[][] V4Networks =
    [
        [203, 0, 113],
        [198, 51, 100],
        [127, 77, 88],
    ];

    /// <summary>Text of the IPv6 canaries' network, 48 bits.</summary>
    public const string V6Network = "2001:db8:cafe:";

    private const int BinaryHosts = 8;
    private const int ChunkBytes = 4 << 20;
    private const int OverlapBytes = 64;

    private static readonly (string Form, byte[] Needle, Func<byte[], int, bool>? IsTrace)[] Needles =
    [
        .. MakeNeedles(),
    ];

    /// <summary>Every trace in a file, with its place.</summary>
    public static IEnumerable<string> InFile(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var buffer = new byte[ChunkBytes + OverlapBytes];
        var kept = 0;
        for (int read; (read = stream.Read(buffer, kept, ChunkBytes)) > 0;)
        {
            var chunk = buffer[..(kept + read)];
            foreach (var trace in In(chunk))
            {
                yield return $"{trace} in {path} before byte {stream.Position}";
            }

            kept = Math.Min(OverlapBytes, chunk.Length);
            chunk.AsSpan(chunk.Length - kept).CopyTo(buffer);
        }
    }

    /// <summary>Every trace in a text.</summary>
    public static IEnumerable<string> In(string text) => In(Encoding.UTF8.GetBytes(text));

    /// <summary>Every trace in bytes.</summary>
    public static IEnumerable<string> In(byte[] bytes)
    {
        foreach (var (form, needle, isTrace) in Needles)
        {
            for (var at = 0; bytes.AsSpan(at).IndexOf(needle) is var found and >= 0; at += found + 1)
            {
                if (isTrace is null || isTrace(bytes, at + found))
                {
                    yield return $"{form}: {Show(bytes, at + found)}";
                }
            }
        }
    }

    private static IEnumerable<(string Form, byte[] Needle, Func<byte[], int, bool>? IsTrace)> MakeNeedles()
    {
        foreach (var network in V4Networks)
        {
            var first = (uint)(network[0] << 24 | network[1] << 16 | network[2] << 8);
            yield return ("text", Ascii(string.Join('.', network) + "."), (bytes, at) => !IsWord(bytes, at - 1));
            var hex = Convert.ToHexString(network);
            foreach (var digits in new[] { hex, hex.ToLowerInvariant() })
            {
                yield return (
                    "hexadecimal",
                    Ascii(digits),
                    (bytes, at) =>
                        !IsWord(bytes, at - 1)
                        && IsWord(bytes, at + 6)
                        && IsWord(bytes, at + 7)
                        && !IsWord(bytes, at + 8)
                );
                yield return ("mapped text", Ascii($"{digits[..4]}:{digits[4..]}"), null);
            }
            var decimals = first.ToString();
            yield return ("decimal", Ascii(decimals[..5]), (bytes, at) => IsDecimal(bytes, at, first));
            for (var host = 0; host < BinaryHosts; host++)
            {
                byte[] address = [.. network, (byte)host];
                yield return ("4 bytes, big endian", address, null);
                yield return ("4 bytes, little endian", [.. address.Reverse()], null);
            }
        }
        yield return ("text", Ascii("2001:db8:cafe"), null);
        yield return ("text", Ascii("2001:0db8:cafe"), null);
        yield return ("hexadecimal", Ascii("20010db8cafe"), null);
        yield return ("hexadecimal", Ascii("20010DB8CAFE"), null);
        yield return ("16 bytes, big endian", [0x20, 0x01, 0x0d, 0xb8, 0xca, 0xfe], null);
        yield return ("16 bytes, little endian", [0xfe, 0xca, 0xb8, 0x0d, 0x01, 0x20], null);
    }

    private static bool IsDecimal(byte[] bytes, int at, uint first)
    {
        if (at + 10 > bytes.Length || IsWord(bytes, at - 1) || IsWord(bytes, at + 10))
        {
            return false;
        }

        return uint.TryParse(bytes.AsSpan(at, 10), out var number) && number - first <= byte.MaxValue;
    }

    private static bool IsWord(byte[] bytes, int at) =>
        at >= 0 && at < bytes.Length && char.IsAsciiLetterOrDigit((char)bytes[at]);

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    private static string Show(byte[] bytes, int at) =>
        Encoding.Latin1.GetString(bytes, Math.Max(0, at - 20), Math.Min(60, bytes.Length - Math.Max(0, at - 20)));
}
