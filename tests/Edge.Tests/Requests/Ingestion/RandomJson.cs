using System.Globalization;
using System.Text;

namespace Edge.Tests.Requests.Ingestion;

/// <summary>
/// Writes random JSON with whitespace, escapes and numbers no platform type holds, and keeps count of what a limit
/// would measure. Equal seeds write equal JSON.
/// </summary>
internal sealed class RandomJson(int seed)
{
    private static readonly string[] Whitespace = ["", "", "", " ", "\t", "\r\n", "  \n "];
    private static readonly string[] Numbers =
    [
        "0",
        "-0",
        "1",
        "-12.50",
        "1e400",
        "12345678901234567890",
        "0.1E-7",
        "1.0",
    ];

    /// <summary>
    /// How a character may be sent, the text it stands for and the bytes JSON.stringify takes for it.
    /// </summary>
    private static readonly (string Sent, string Text, int Bytes)[] Characters =
    [
        ("a", "a", 1),
        ("7", "7", 1),
        (" ", " ", 1),
        ("{", "{", 1),
        ("]", "]", 1),
        ("/", "/", 1),
        ("\u007f", "\u007f", 1),
        ("é", "é", 2),
        ("中", "中", 3),
        ("\u2028", "\u2028", 3),
        ("😀", "😀", 4),
        ("\\/", "/", 1),
        ("\\u0041", "A", 1),
        ("\\\\", "\\", 2),
        ("\\\"", "\"", 2),
        ("\\u0022", "\"", 2),
        ("\\u005C", "\\", 2),
        ("\\n", "\n", 2),
        ("\\u000a", "\n", 2),
        ("\\b", "\b", 2),
        ("\\f", "\f", 2),
        ("\\r", "\r", 2),
        ("\\t", "\t", 2),
        ("\\u0001", "\u0001", 6),
        ("\\u00E9", "é", 2),
        ("\\u4e2d", "中", 3),
        ("\\uD83D\\uDE00", "😀", 4),
    ];

    private readonly Random _random = new(seed);
    private readonly StringBuilder _json = new();
    private int _open;

    /// <summary>Bytes as JSON.stringify would write them, numbers as they are.</summary>
    public int StringifiedBytes { get; private set; }

    /// <summary>Most containers inside one another.</summary>
    public int Depth { get; private set; }

    /// <summary>The text that the last string stands for.</summary>
    public string LastText { get; private set; } = "";

    public Random Random => _random;

    /// <summary>What was written since the last call.</summary>
    public string Take()
    {
        var json = _json.ToString();
        _json.Clear();
        return json;
    }

    public RandomJson Object(int depthMax)
    {
        Container(
            '{',
            '}',
            depthMax,
            depth =>
            {
                String();
                Space();
                Token(":");
                Space();
                Value(depth);
            }
        );
        return this;
    }

    /// <summary>A string of at least one character and the text it stands for.</summary>
    public string String()
    {
        var text = new StringBuilder();
        Token("\"");
        for (var i = _random.Next(1, 12); i > 0; i--)
        {
            var (sent, meant, bytes) = Characters[_random.Next(Characters.Length)];
            _json.Append(sent);
            text.Append(meant);
            StringifiedBytes += bytes;
        }
        Token("\"");
        return LastText = text.ToString();
    }

    public RandomJson Space()
    {
        _json.Append(Whitespace[_random.Next(Whitespace.Length)]);
        return this;
    }

    public RandomJson Token(string token)
    {
        _json.Append(token);
        StringifiedBytes += token.Length;
        return this;
    }

    private void Value(int depthMax)
    {
        switch (_random.Next(depthMax <= 0 ? 4 : 6))
        {
            case 0:
                String();
                break;
            case 1:
                Token(Numbers[_random.Next(Numbers.Length)]);
                break;
            case 2:
                Token(_random.Next(1_000_000).ToString(CultureInfo.InvariantCulture));
                break;
            case 3:
                Token(
                    _random.Next(3) switch
                    {
                        0 => "true",
                        1 => "false",
                        _ => "null",
                    }
                );
                break;
            case 4:
                Container('[', ']', depthMax, Value);
                break;
            default:
                Object(depthMax);
                break;
        }
    }

    private void Container(char open, char close, int depthMax, Action<int> member)
    {
        Depth = Math.Max(Depth, ++_open);
        Token(open.ToString());
        for (var i = _random.Next(4); i > 0; i--)
        {
            Space();
            member(depthMax - 1);
            Space();
            if (i > 1)
            {
                Token(",");
            }
        }
        Space();
        Token(close.ToString());
        _open--;
    }
}
