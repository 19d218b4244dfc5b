using System.Text;

namespace Edge.Tests.Requests.Ingestion;

/// <summary>
/// Damages valid bodies the way senders, proxies and attackers do: bytes are flipped, cut out, doubled, cut off, taken
/// from another body or replaced by what parsers trip over. Equal seeds damage equally. Not thread safe.
/// </summary>
internal sealed class BodyMutator(int seed, params IReadOnlyList<byte[]> bodies)
{
    private const int DamagesMax = 6;
    private const int CutMaxBytes = 64;

    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\\u",
            "\\ud800",
            "\\udc00",
            "\\u0000",
            "\\ud83d\\ude00",
            "\\x",
            "null",
            "true",
            "1e400",
            "12345678901234567890",
            "-",
            "-0",
            "01",
            ".5",
            "1.",
            "\"\"",
            "{}",
            "[]",
            "\"a\":",
            ",\"event\":1",
            ",\"event\":\"e\"",
            ",\"events\":[]",
            ",\"properties\":null",
            ",\"timestamp\":\"2026-02-30T00:00:00Z\"",
            "\uFEFF",
            "\0",
            "\n",
            "//",
            "/**/",
            "'",
            "NaN",
            "\u2028",
            "😀",
            new string('[', 70),
            new string('x', 300),
            string.Concat(Enumerable.Repeat("{\"a\":", 70)),
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF],
        [0xC0, 0x80],
        [0xED, 0xA0, 0x80],
        [0xF0, 0x9F],
    ];

    private readonly Random _random = new(seed);

    /// <summary>The next damaged body.</summary>
    public byte[] Next()
    {
        List<byte> body = [.. bodies[_random.Next(bodies.Count)]];
        for (var i = _random.Next(1, DamagesMax); i > 0; i--)
        {
            Damage(body);
        }

        return [.. body];
    }

    private void Damage(List<byte> body)
    {
        var at = _random.Next(body.Count + 1);
        var length = Math.Min(_random.Next(1, CutMaxBytes), body.Count - at);
        switch (_random.Next(8))
        {
            case 0 when at < body.Count:
                body[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1 when at < body.Count:
                body[at] = (byte)_random.Next(256);
                break;
            case 2:
                body.RemoveRange(at, length);
                break;
            case 3:
                body.InsertRange(_random.Next(body.Count + 1), body.GetRange(at, length));
                break;
            case 4 when _random.Next(4) == 0:
                body.RemoveRange(at, body.Count - at);
                break;
            case 5:
                var other = bodies[_random.Next(bodies.Count)];
                var from = _random.Next(other.Length);
                body.InsertRange(at, other[from..Math.Min(other.Length, from + CutMaxBytes)]);
                break;
            case 6 when _random.Next(8) == 0:
                body.AddRange(body.ToArray());
                break;
            default:
                body.InsertRange(at, Pieces[_random.Next(Pieces.Length)]);
                break;
        }
    }
}
