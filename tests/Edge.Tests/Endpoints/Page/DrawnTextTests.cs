using System.Text;
using System.Xml.Linq;
using Edge.Endpoints.Page;
using Xunit;

namespace Edge.Tests.Endpoints.Page;

/// <summary>Names that would turn or hide what stands beside them, in pictures.</summary>
public class DrawnTextTests
{
    [Theory]
    [InlineData("plain – “ä” 中文 עברית", "plain – “ä” 中文 עברית")]
    [InlineData("a\u202Eb\u2069c\u200Bd\uFEFF", "a[U+202E]b[U+2069]c[U+200B]d[U+FEFF]")]
    [InlineData("\u200Fpay\u200Dpal\u00AD\u3164\u2028", "[U+200F]pay[U+200D]pal[U+00AD][U+3164]\u2028")]
    [InlineData("\ud83d\udc69\u200d\ud83d\udc67 \u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645 x\u200C", "\ud83d\udc69\u200d\ud83d\udc67 \u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645 x[U+200C]")]
    [InlineData("\U000E0041", "[U+E0041]")]
    public void Text_WithWhatNobodySees_HasItWrittenOut(string text, string drawn) => Assert.Equal(drawn, DrawnText.Of(text));

    [Theory]
    [InlineData("left", "left")]
    [InlineData("שלום", "\u2068שלום\u2069")]
    [InlineData("שלום עולם leads, best with 98 %", "\u2068שלום עולם\u2069 leads, best with 98 %")]
    [InlineData("אב 5 גד", "\u2068אב\u2069 5 \u2068גד\u2069")]
    public void Words_FromRightToLeft_AreIsolated(string text, string isolated) =>
        Assert.Equal(isolated, DrawnText.Isolate(text));

    [Fact]
    public void Svg_OfANameFromRightToLeft_KeepsTheOrderOfItsNeighbours()
    {
        var svg = SvgPicture.Write(new Picture(100, 20, [new Mark(0, 0, 0, 14, Ink.Text, "שלום leads, best with 98 %")]));

        var text = XDocument.Parse(Encoding.UTF8.GetString(svg)).Root!.Elements().Last().Value;
        Assert.Equal("\u2068שלום\u2069 leads, best with 98 %", text);
    }
}
