using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>What another definition would have come to, by the API and beside the form, on visits of twelve days.</summary>
public sealed class PageWhatIfTests(SeededEdge edge) : IClassFixture<SeededEdge>
{
    private const string Drawing = """
        {"definition":{"uid":"exp_spring-banner","variants":[{"id":"photo","weight":0,"isDefault":true},{"id":"drawing","weight":10000},{"id":"words","weight":0}]}}
        """;

    [Fact]
    public async Task WhatIf_OfARunningTestWithOtherWeights_IsEstimatedFromTheJournal()
    {
        var estimate = (await edge.SendAsync("POST", $"/{SeededEdge.Slug}/what-if", Drawing)).Json;

        Assert.Equal((JsonValueKind.Null, true), (estimate.GetProperty("problem").ValueKind, estimate.GetProperty("isWhole").GetBoolean()));
        Assert.Equal(1, estimate.GetProperty("shares").GetProperty("drawing").GetDouble(), 1e-9);
        var candidate = estimate.GetProperty("candidate");
        Assert.InRange(0.124, candidate.GetProperty("low").GetDouble() - 0.01, candidate.GetProperty("high").GetDouble() + 0.01);
        var trials = estimate.GetProperty("trials").GetInt32();
        Assert.InRange(estimate.GetProperty("effectiveSampleSize").GetDouble(), trials / 4.0, trials / 2.0);
        // Nothing of it is stored.
        Assert.Equal("3334", (await edge.SendAsync("GET", $"/{SeededEdge.Slug}")).Experiment.GetProperty("variants")[0].Text("weight"));
    }

    [Theory]
    [InlineData("""{"definition":{"uid":"exp_spring-banner"}}""")]
    [InlineData("""{"definition":{"uid":"exp_spring-banner","name":"Another","minimumRunDays":3}}""")]
    public async Task WhatIf_OfTheSameChoice_IsNoDifference(string body)
    {
        var estimate = (await edge.SendAsync("POST", $"/{SeededEdge.Slug}/what-if", body)).Json;

        Assert.Equal("It would have made no difference: visitors would have been divided as they were.", estimate.Text("sentence"));
        Assert.Equal("""{"mean":0,"low":0,"high":0}""", estimate.Text("difference"));
        Assert.Equal(estimate.Text("logged"), estimate.Text("candidate"));
        Assert.Equal(estimate.Text("logged"), estimate.Text("inversePropensity"));
    }

    [Fact]
    public async Task WhatIf_OfATreeOverTheVariantsOfATest_IsEstimatedToo()
    {
        const string Phones = """
            {"definition":{"name":"Phones apart","slug":"spring-banner","type":"smart_link",
              "variants":[{"id":"photo","weight":10000,"isDefault":true},
                {"id":"drawing","weight":0,"conditions":{"type":"rule","property":"device.type","ruleOperator":"equals","value":"mobile"}}],
              "goalConfig":{"type":"click_through","destinationUrl":"https://shop.example/"}}}
            """;

        var estimate = (await edge.SendAsync("POST", $"/{SeededEdge.Slug}/what-if", Phones)).Json;

        Assert.Equal((JsonValueKind.Null, "exp_spring-banner"), (estimate.GetProperty("problem").ValueKind, estimate.Text("uid")));
        // Two of five browsers are phones.
        Assert.Equal(0.4, estimate.GetProperty("shares").GetProperty("drawing").GetDouble(), 0.06);
        Assert.Equal(0.6, estimate.GetProperty("shares").GetProperty("photo").GetDouble(), 0.06);
    }

    [Fact]
    public async Task WhatIfs_ManyAtOnce_AreAnsweredOneAtATime()
    {
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 16).Select(_ => edge.SendAsync("POST", $"/{SeededEdge.Slug}/what-if", Drawing))
        );

        Assert.Contains(answers, answer => answer.Status == 200);
        Assert.All(
            answers.Where(answer => answer.Status != 200),
            answer => Assert.Equal((503, "Service Unavailable"), (answer.Status, answer.Json.Text("title")))
        );
        Assert.Equal(200, (await edge.SendAsync("POST", $"/{SeededEdge.Slug}/what-if", Drawing)).Status);
    }

    [Theory]
    [InlineData("""{"definition":{"uid":"exp_spring-banner","goalConfig":{"type":"impressions_only"}}}""", "No estimate: the goal counts impressions only")]
    [InlineData("""{"definition":{"uid":"exp_spring-banner"},"to":"2020-01-01T00:00:00Z"}""", "No estimate: 0 trials")]
    public async Task WhatIf_ThatCannotBeSaid_IsRefusedInWords(string body, string problem)
    {
        var answer = await edge.SendAsync("POST", $"/{SeededEdge.Slug}/what-if", body);

        Assert.Equal(200, answer.Status);
        Assert.StartsWith(problem, answer.Json.Text("problem"), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, answer.Json.GetProperty("candidate").ValueKind);
    }

    [Theory]
    [InlineData("exp_none", """{"definition":{"uid":"exp_spring-banner"}}""", 404)]
    [InlineData(SeededEdge.Slug, """{"definition":{"uid":"exp_none"}}""", 404)]
    [InlineData(SeededEdge.Slug, """{"definition":{"uid":"exp_spring-banner","variants":[]}}""", 400)]
    [InlineData(SeededEdge.Slug, """{"definition":{"uid":"exp_spring-banner"},"from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z"}""", 400)]
    [InlineData(SeededEdge.Slug, """{"definition":{"uid":"exp_spring-banner"},"days":3}""", 400)]
    public async Task WhatIf_ThatIsWrong_IsAProblem(string uid, string body, int status) =>
        Assert.Equal(status, (await edge.SendAsync("POST", $"/{uid}/what-if", body)).Status);

    [Fact]
    public async Task Form_AskedForAnEstimate_ShowsItWithItsIntervals()
    {
        await using var view = await edge.SignInAsync(edge.ReadKey);
        await view.GoAsync($"#/experiments/{SeededEdge.Slug}/edit");
        await view.SeeAsync("The server would take this.");
        await view.ClickAsync("Estimate");
        await view.SeeAsync("By inverse propensity alone");
        await view.SeeAsync("It would have made no difference");
        await view.SeeAsync("Photo 33.3%, Drawing 33.3%, Words alone 33.3%");
        await view.ExpectSoundAsync("what-if");
        await view.ShowAsAsync(Look.Phone);
        await view.ReadAsync("[aria-label='What would it have done?'] .rows dd");
        await view.ExpectSoundAsync("what-if on a phone");

        // What was asked is no longer what would be asked.
        await view.TypeAsync("Name", "Spring banner, again");
        await view.MissAsync("By inverse propensity alone");
    }

    [Fact]
    public async Task Form_OfNewVariants_SaysWhyNothingIsKnownOfThem()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.TypeAsync("Name", "Never shown");
        await view.TypeAsync("Where the link leads", "https://shop.example/");
        await view.ChooseAsync("On the visitors of", "Spring banner");
        await view.SeeAsync("The server would take this.");
        await view.ClickAsync("Estimate");
        await view.SeeAsync("No estimate: 100 % of the choice would fall on a, b, which had no chance in the log.");
        await view.ExpectSoundAsync("what-if without support");
    }
}
