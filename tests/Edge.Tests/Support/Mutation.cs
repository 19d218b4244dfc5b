using System.Text;
using System.Text.Json.Nodes;

namespace Edge.Tests.Support;

/// <summary>
/// Damages files as disks, editors and attackers do: bytes flipped, cut, repeated, overwritten; and, in JSON, values
/// replaced by others that are valid JSON. The same seed gives the same damage.
/// </summary>
internal static class Mutation
{
    private static readonly string[] Values =
    [
        "null", "0", "-1", "1e400", "9223372036854775807", "9223372036854775808", "true", "\"\"", "\"\\u0000\"",
        "\"9999-12-31T23:59:59.999Z\"", "\"0001-01-01T00:00:00Z\"", "[]", "{}", "[null]", "[[]]", "{\"\":null}",
    ];

    public static byte[] Of(ReadOnlySpan<byte> original, int seed)
    {
        var random = new Random(seed);
        var bytes = original.ToArray();
        for (var rounds = random.Next(1, 4); rounds > 0; rounds--)
        {
            bytes = random.Next(3) == 0 ? InJson(bytes, random) ?? InBytes(bytes, random) : InBytes(bytes, random);
        }

        return bytes;
    }

    private static byte[] InBytes(byte[] bytes, Random random)
    {
        var at = random.Next(bytes.Length + 1);
        var end = Math.Min(bytes.Length, at + random.Next(1, 64));
        switch (random.Next(6))
        {
            case 0:
                return bytes[..at];
            case 1:
                return [.. bytes[..at], .. bytes[end..]];
            case 2:
                return [.. bytes[..end], .. bytes[at..]];
            case 3:
                var copy = bytes.ToArray();
                random.NextBytes(copy.AsSpan(at, end - at));
                return copy;
            case 4:
                var zeros = bytes.ToArray();
                zeros.AsSpan(at, end - at).Clear();
                return zeros;
            default:
                var flipped = bytes.ToArray();
                if (flipped.Length > 0)
                {
                    flipped[at % flipped.Length] ^= (byte)(1 << random.Next(8));
                }

                return flipped;
        }
    }

    /// <summary>Null when it is no JSON.</summary>
    private static byte[]? InJson(byte[] bytes, Random random)
    {
        try
        {
            if (JsonNode.Parse(bytes) is not { } root)
            {
                return null;
            }

            var nodes = new List<JsonNode>();
            Collect(root, nodes);
            var value = JsonNode.Parse(Values[random.Next(Values.Length)]);
            switch (nodes[random.Next(nodes.Count)])
            {
                case JsonObject { Count: > 0 } members:
                    var name = members.ElementAt(random.Next(members.Count)).Key;
                    if (random.Next(4) == 0)
                    {
                        members.Remove(name);
                    }
                    else
                    {
                        members[name] = value;
                    }

                    break;
                case JsonArray { Count: > 0 } items:
                    items[random.Next(items.Count)] = value;
                    break;
            }

            return Encoding.UTF8.GetBytes(root.ToJsonString());
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    private static void Collect(JsonNode? node, List<JsonNode> nodes)
    {
        if (node is not (JsonObject or JsonArray))
        {
            return;
        }

        nodes.Add(node);
        IEnumerable<JsonNode?> children = node is JsonObject members ? members.Select(member => member.Value) : (JsonArray)node;
        foreach (var child in children)
        {
            Collect(child, nodes);
        }
    }
}
