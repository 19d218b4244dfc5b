using System.Diagnostics;
using System.Text;
using Edge.Formats;
using Xunit;

namespace Edge.Tests.Formats;

/// <summary>Host names against the URL standard, as Node.js implements it (its parser is the browsers').</summary>
public class HostNameTests
{
    /// <summary>Prints, for each code point, the host that <c>new URL</c> makes of it in three surroundings.</summary>
    private const string Script = """
        const host = text => { try { return new URL('http://' + text + '/').hostname } catch { return '' } }
        const lines = []
        for (let point = 0x80; point <= 0xffff; point++) {
          const c = String.fromCharCode(point)
          lines.push([host('a' + c + 'b.example'), host(c + c + '.example'), host('\u05d0' + c + '\u05d0.example')].join(' '))
        }
        process.stdout.write(lines.join('\n'))
        """;

    [Fact]
    public async Task TryParse_EveryCodePoint_IsTheHostOfBrowsersOrRefused()
    {
        var start = new ProcessStartInfo("node", ["-e", Script]) { RedirectStandardOutput = true };
        Process node;
        try
        {
            node = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("needs Node.js");
            return;
        }

        using (node)
        {
            var lines = (await node.StandardOutput.ReadToEndAsync()).Split('\n');
            await node.WaitForExitAsync();
            Assert.Equal(0xffff - 0x80 + 1, lines.Length);

            var wrong = new StringBuilder();
            var accepted = 0;
            for (var i = 0; i < lines.Length; i++)
            {
                var c = (char)(0x80 + i);
                if (char.IsSurrogate(c))
                {
                    continue;
                }

                var hosts = lines[i].Split(' ');
                string[] texts = [$"a{c}b.example", $"{c}{c}.example", $"\u05d0{c}\u05d0.example"];
                var hasOne = false;
                var isWrong = false;
                for (var j = 0; j < texts.Length; j++)
                {
                    if (!HostName.TryParse(texts[j], out var ascii))
                    {
                        continue;
                    }

                    // A browser that refuses the name leads nowhere; what it would lead elsewhere is the fault.
                    hasOne |= ascii == hosts[j];
                    isWrong |= hosts[j].Length > 0 && ascii != hosts[j];
                }

                accepted += hasOne ? 1 : 0;
                if (isWrong || (!hasOne && texts.Any(text => HostName.TryParse(text, out _))))
                {
                    wrong.Append($"U+{(int)c:X4} ");
                }
            }

            Assert.Equal("", wrong.ToString());
            Assert.True(accepted > 40_000, $"{accepted} accepted");
        }
    }

    [Theory]
    [InlineData("xn--bcher-kva.example", true)]
    [InlineData("xn--e1afmkfd.xn--p1ai", true)]
    [InlineData("xn--i-7iq.ws", true)]
    [InlineData("xn--a.example", false)]
    [InlineData("xn--abc-.example", false)]
    [InlineData("xn--99999999.example", false)]
    [InlineData("xn--efa.example", false)]
    [InlineData("xn--BCHER-KVA.example", true)]
    [InlineData("\u0133.example", false)]
    [InlineData("b\u00fccher.example", true)]
    public void TryParse_Punycode_IsDecodedAndChecked(string host, bool expected) =>
        Assert.Equal(expected, HostName.TryParse(host, out _));

    /// <summary>As the host parser of the URL standard takes or refuses them.</summary>
    [Theory]
    [InlineData("a\u0667b.example", false)]
    [InlineData("1\u0661.example", false)]
    [InlineData("\u0661a.example", false)]
    [InlineData("1\u06F1\u0661.example", false)]
    [InlineData("\u0628\u0661\u0628.example", true)]
    [InlineData("\u0628\u06611.example", false)]
    public void TryParse_ArabicIndicDigits_StandInLabelsOfTheirDirection(string host, bool expected) =>
        Assert.Equal(expected, HostName.TryParse(host, out _));
}
