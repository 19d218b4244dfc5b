using System.Globalization;
using System.Text;

namespace Edge.Endpoints.Page;

/// <summary>Writes a picture as SVG, in which every text stays text. Pure.</summary>
internal static class SvgPicture
{
    /// <summary>Size of a font whose capitals have a given height.</summary>
    private const double FontPerCapital = 1.35;

    public static byte[] Write(Picture picture)
    {
        var svg = new StringBuilder();
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{picture.Width}\" height=\"{picture.Height}\" viewBox=\"0 0 {picture.Width} {picture.Height}\" font-family=\"system-ui, sans-serif\">\n"
        );
        AppendRectangle(svg, new Mark(0, 0, picture.Width, picture.Height, Ink.Paper));
        foreach (var mark in picture.Marks)
        {
            if (mark.Text is null)
            {
                AppendRectangle(svg, mark);
            }
            else
            {
                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"<text x=\"{mark.X}\" y=\"{mark.Y + mark.Height}\" font-size=\"{mark.Height * FontPerCapital:0.#}\" fill=\"{ColourOf(mark.Ink)}\">"
                );
                AppendEscaped(svg, DrawnText.Isolate(mark.Text));
                svg.Append("</text>\n");
            }
        }

        return Encoding.UTF8.GetBytes(svg.Append("</svg>\n").ToString());
    }

    private static void AppendRectangle(StringBuilder svg, Mark mark) =>
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<rect x=\"{mark.X}\" y=\"{mark.Y}\" width=\"{mark.Width}\" height=\"{mark.Height}\" fill=\"{ColourOf(mark.Ink)}\"/>\n"
        );

    private static string ColourOf(Ink ink) =>
        "#" + Convert.ToHexStringLower(Picture.Palette.Slice(3 * (int)ink, 3));

    private static void AppendEscaped(StringBuilder svg, string text)
    {
        foreach (var character in text)
        {
            _ = character switch
            {
                '<' => svg.Append("&lt;"),
                '>' => svg.Append("&gt;"),
                '&' => svg.Append("&amp;"),
                '"' => svg.Append("&quot;"),
                _ => svg.Append(character),
            };
        }
    }
}
