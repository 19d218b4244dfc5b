using System.Net;
using System.Text.RegularExpressions;
using CsCheck;
using Edge.Requests;
using Xunit;

namespace Edge.Tests.Requests;

/// <summary>The reader of RFC 7239 against its grammar, written down a second time as regular expressions.</summary>
public partial class ForwardedTextTests
{
    private const int Headers = 1_000_000;

    /// <summary>Pieces that meet in headers: what is valid, what nearly is, and what an attacker would try.</summary>
    private static readonly string[] Pieces =
    [
        "for=1.2.3.4", "for=203.0.113.9", "For=unknown", "for=_hid.den-1", "for=\"[2001:db8::1]\"",
        "for=\"[2001:db8::2]:4711\"", "for=\"1.2.3.4:80\"", "for=\"1.2.3.4:_p\"", "for=\"\\1.2.3.\\4\"", "for=\"_\"",
        "for=01.2.3.4", "for=127.1", "for=\"[1.2.3.4]\"", "for=\"[::ffff:1.2.3.4]\"", "for=\"::1\"", "for=[::1]",
        "for=\"1.2.3.4:123456\"", "for=\"unknown:80\"", "for=\" 1.2.3.4\"", "for=\"\"", "for=", "for",
        "by=x", "host=\"x;for=6.6.6.6\"", "proto=https", "x=\"a,b\"", "x=\"\\\"\"", "x=\"\\\\\"", "x=\"", "\"", "\\", "=",
        ",", ", ", ";", " ; ", "\t", " ", ",,", "a", "é", "\u0001", "for=6.6.6.6;x=\"",
    ];

    private static readonly Gen<string> Piece = Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]);

    [Fact]
    public void TakeLast_GeneratedHeaders_AgreesWithTheGrammar() =>
        Gen.OneOf(
                Piece.Array[0, 10].Select(string.Concat),
                // Valid for the most part: elements of pairs, with separators where they belong.
                Piece
                    .Array[1, 3]
                    .Select(pairs => string.Join(';', pairs))
                    .Array[1, 4]
                    .Select(elements => string.Join(", ", elements)),
                Gen.Char["for=6.,;\"\\ x"].Array[0, 24].Select(chars => new string(chars))
            )
            .Sample(
                header =>
                {
                    ReadOnlySpan<char> rest = header;
                    string? expected = header;
                    while (true)
                    {
                        var hop = ForwardedText.TakeLast(ref rest, out var address);
                        var (kind, ip) = TakeLastByGrammar(ref expected);
                        if (hop != kind || (hop == Hop.Address && !address.ToIPAddress().Equals(ip)))
                        {
                            return false;
                        }

                        if (hop is Hop.None or Hop.Malformed)
                        {
                            return true;
                        }
                    }
                },
                iter: Headers
            );

    [Theory]
    [InlineData("for=6.6.6.6;x=\", for=203.0.113.9", "203.0.113.9", nameof(Hop.Malformed))]
    [InlineData("host=\"x;for=6.6.6.6\";for=203.0.113.9", "203.0.113.9", nameof(Hop.None))]
    [InlineData("for=6.6.6.6, for=203.0.113.9, ,,", "203.0.113.9", nameof(Hop.Address))]
    [InlineData("for=\"[2001:db8::17]:_port\"; proto=https", "2001:db8::17", nameof(Hop.None))]
    [InlineData("x=\"\\\", for=\"203.0.113.9:80\"", "203.0.113.9", nameof(Hop.Malformed))]
    public void TakeLast_TextOfTheClientBefore_NeverSwallowsTheLastElement(string header, string last, string before)
    {
        ReadOnlySpan<char> rest = header;

        Assert.Equal(Hop.Address, ForwardedText.TakeLast(ref rest, out var address));
        Assert.Equal(last, address.ToIPAddress().ToString());
        Assert.Equal(before, ForwardedText.TakeLast(ref rest, out _).ToString());
    }

    [Theory]
    [InlineData("for=1.2.3.4;for=6.6.6.6")]
    [InlineData("for=1.2.3.4;by=a;by=b")]
    [InlineData("for = 1.2.3.4")]
    [InlineData("for=2001:db8::1")]
    [InlineData("for=\"1.2.3.4\\\"")]
    [InlineData("for=1.2.3.4 x")]
    public void TakeLast_OutsideTheGrammar_IsMalformed(string header)
    {
        ReadOnlySpan<char> rest = header;

        Assert.Equal(Hop.Malformed, ForwardedText.TakeLast(ref rest, out _));
    }

    /// <summary>
    /// The last element is the text after the only comma (or the start) from which on the rest is one whole element.
    /// </summary>
    private static (Hop, IPAddress?) TakeLastByGrammar(ref string rest)
    {
        while (rest.Length > 0 && ", \t".Contains(rest[^1]))
        {
            rest = rest[..^1];
        }

        if (rest.Length == 0)
        {
            return (Hop.None, null);
        }

        for (var start = rest.Length; start >= 0; start--)
        {
            if (start > 0 && rest[start - 1] != ',')
            {
                continue;
            }

            if (ElementGrammar().Match(rest[start..]) is { Success: true } element)
            {
                rest = rest[..start];
                return MeaningOf(element);
            }
        }

        return (Hop.Malformed, null);
    }

    private static (Hop, IPAddress?) MeaningOf(Match element)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < element.Groups["name"].Captures.Count; i++)
        {
            var name = element.Groups["name"].Captures[i].Value;
            var isKnown = name.ToLowerInvariant() is "for" or "by" or "host" or "proto";
            if (!values.TryAdd(name, element.Groups["value"].Captures[i].Value) && isKnown)
            {
                return (Hop.Malformed, null);
            }
        }

        if (!values.TryGetValue("for", out var node))
        {
            return (Hop.Hidden, null);
        }

        if (node.StartsWith('"'))
        {
            node = QuotedPair().Replace(node[1..^1], "$1");
        }

        if (NodeGrammar().Match(node) is not { Success: true } parts)
        {
            return (Hop.Malformed, null);
        }

        if (parts.Groups["hidden"].Success)
        {
            return (Hop.Hidden, null);
        }

        var text = parts.Groups["v4"].Success ? parts.Groups["v4"].Value : parts.Groups["v6"].Value;
        if (!IPAddress.TryParse(text, out var ip))
        {
            return (Hop.Malformed, null);
        }

        return (Hop.Address, ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip);
    }

    [GeneratedRegex(
        """\A[ \t]*(?:(?<name>[!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?<value>[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?"""
            + """(?:[ \t]*;[ \t]*(?:(?<name>[!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?<value>[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*[ \t]*\z"""
    )]
    private static partial Regex ElementGrammar();

    [GeneratedRegex(
        """\A(?:(?<v4>(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!:|\z)|(?=:|\z))){4})|\[(?<v6>[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)\]|(?<hidden>[Uu][Nn][Kk][Nn][Oo][Ww][Nn]|_[A-Za-z0-9._\-]+))(?::(?:[0-9]{1,5}|_[A-Za-z0-9._\-]+))?\z"""
    )]
    private static partial Regex NodeGrammar();

    [GeneratedRegex("""\\(.)""", RegexOptions.Singleline)]
    private static partial Regex QuotedPair();
}
