using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Xml.Linq;
using Edge.Endpoints.Page;
using Edge.Experiments;
using Edge.Statistics.Counting;
using Xunit;

namespace Edge.Tests.Endpoints.Page;

/// <summary>Results as pictures: whole files that other programs read, in which names stay names.</summary>
public class ResultsPictureTests
{
    private const string Hostile = "<img src=x onerror=alert(1)> \u202Eevil\u202C \"quoted\" & 'more' \u0007";

    [Fact]
    public void Svg_OfHostileNames_HasThemAsTextAlone()
    {
        var svg = XDocument.Parse(Encoding.UTF8.GetString(SvgPicture.Write(Draw(Hostile, 3))));

        Assert.All(svg.Root!.Elements(), element => Assert.True(element.Name.LocalName is "rect" or "text"));
        Assert.All(
            svg.Root.Descendants().Attributes(),
            attribute => Assert.False(attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal))
        );
        var name = svg.Root.Elements().First(element => element.Name.LocalName == "text").Value;
        Assert.StartsWith("<img src=x onerror=alert(1)> [U+202E]evil", name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(200)]
    public void Png_OfAnyNumberOfVariants_IsOne(int variants)
    {
        var picture = Draw("Ein Frühling \u4E2D", variants);

        var png = PngPicture.Write(picture);

        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], png[..8]);
        Assert.Equal(picture.Width, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)));
        Assert.Equal(picture.Height, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
        var data = png.AsSpan().IndexOf("IDAT"u8);
        var length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(data - 4));
        using var zlib = new ZLibStream(
            new MemoryStream(png, data + 4, length),
            CompressionMode.Decompress
        );
        using var pixels = new MemoryStream();
        zlib.CopyTo(pixels);
        Assert.Equal((picture.Width + 1) * picture.Height, pixels.Length);
        Assert.Contains((byte)Ink.Text, pixels.ToArray());
        Assert.True(picture.Height < 1_400);
    }

    [Fact]
    public void Name_TooLong_IsCutWithinThePicture()
    {
        var title = Draw(new string('W', 255), 2).Marks[0];

        Assert.EndsWith("...", title.Text, StringComparison.Ordinal);
        Assert.True(title.X + title.Text!.Length * BitmapFont.Advance * title.Height / BitmapFont.Rows <= 960);
    }

    [Fact]
    public void Font_OfTheAlphabet_TellsEveryCharacterApart()
    {
        var shapes = Enumerable
            .Range(' ', '~' - ' ' + 1)
            .Select(character => ShapeOf((char)character))
            .ToArray();

        Assert.Equal(shapes.Length, shapes.Distinct().Count());
        Assert.Equal(ShapeOf('u'), ShapeOf('ü'));
        Assert.Equal(ShapeOf('-'), ShapeOf('\u2014'));
    }

    private static string ShapeOf(char character) =>
        string.Concat(
            from row in Enumerable.Range(0, BitmapFont.Rows)
            from column in Enumerable.Range(0, BitmapFont.Columns)
            select BitmapFont.HasDot(character, column, row) ? '#' : '.'
        );

    private static Picture Draw(string name, int variants)
    {
        var experiment = new Experiment
        {
            Uid = "exp_1",
            Slug = "hero",
            Type = ExperimentType.AbTest,
            Name = name,
            Status = ExperimentStatus.Running,
            GoalConfig = new GoalConfig { Type = GoalType.ClickThrough, DestinationUrl = "https://example.com/" },
            Variants =
            [
                .. Enumerable
                    .Range(0, variants)
                    .Select(i => new Variant
                    {
                        Id = $"v{i}",
                        Name = name,
                        Weight = 10_000 / variants,
                    }),
            ],
        };
        return ResultsPicture.Of(
            experiment,
            ExperimentTally.ResultsOf(experiment, counted: null, default, new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero))
        );
    }
}
