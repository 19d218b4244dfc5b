using Edge.Catalog;
using Edge.Experiments;
using Edge.Tests.Experiments;
using Xunit;

namespace Edge.Tests.Catalog;

/// <summary>Where the image of a variant is, and that nothing an owner writes becomes a host.</summary>
public class ImageSourceTests
{
    private const string Template = "https://render.example/{templateUid}.{format}?q={quality}&vars={variables}";

    [Theory]
    [InlineData(
        "its own",
        """{"imageUrl":"https://cdn.example/a.png"}""",
        "tpl",
        "",
        "running",
        "https://cdn.example/a.png"
    )]
    [InlineData(
        "from the template",
        """{"title":"A & B/{format}"}""",
        "t/../x",
        "",
        "running",
        "https://render.example/t%2F..%2Fx.webp?q=90&vars=%7B%22title%22%3A%22A%20%26%20B%2F%7Bformat%7D%22%7D"
    )]
    [InlineData(
        "no template uid",
        """{"title":"x"}""",
        null,
        "https://cdn.example/f.png",
        "running",
        "https://cdn.example/f.png"
    )]
    [InlineData(
        "its own is no URL",
        """{"imageUrl":"javascript:alert(1)"}""",
        null,
        "https://cdn.example/f.png",
        "running",
        "https://cdn.example/f.png"
    )]
    [InlineData("its own is no text", """{"imageUrl":7}""", null, "", "running", null)]
    [InlineData(
        "ended without a winner",
        """{"imageUrl":"https://cdn.example/a.png"}""",
        "tpl",
        "https://cdn.example/f.png",
        "completed",
        "https://cdn.example/f.png"
    )]
    public void Find_Variant_HasItsOwnThenTheTemplatesThenTheFallback(
        string row,
        string variables,
        string? templateUid,
        string fallback,
        string status,
        string? expected
    )
    {
        var template = templateUid is null ? "" : $",\"templateUid\":\"{templateUid}\"";
        var last = fallback.Length == 0 ? "" : $",\"fallbackImageUrl\":\"{fallback}\"";
        var entry = new CatalogEntry(
            Definitions.Experiment(
                $$"""
                {"uid":"exp_1","slug":"image","type":"ab_test","name":"x","status":"{{status}}"{{template}}{{last}},
                 "variants":[{"id":"a","weight":10000,"variables":{{variables}} },{"id":"b","weight":0}]}
                """
            )
        );

        var found = new ImageSource(Template).Find(entry, 0, ImageFormat.Webp);

        Assert.True(expected == found, $"{row}: {found}");
    }

    [Theory]
    [InlineData(Template, true)]
    [InlineData("https://render.example/fixed.png", true)]
    [InlineData("https://{templateUid}.example/x", false)]
    [InlineData("https://render.example{templateUid}", false)]
    [InlineData("https://render.example/{slug}", false)]
    [InlineData("{templateUid}", false)]
    [InlineData("ftp://render.example/{templateUid}", false)]
    public void TemplateProblem_PlaceholdersBehindTheHostOnly_AreAccepted(string template, bool isAccepted) =>
        Assert.Equal(isAccepted, ImageSource.TemplateProblem(template) is null);
}
