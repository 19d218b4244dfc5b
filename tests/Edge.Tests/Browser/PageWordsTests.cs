using System.Text.Json;
using Edge.Tests.BlackBox;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>The words of the form wherever conditions, members and mistakes are named, and countries by name.</summary>
public sealed class PageWordsTests(PagedEdge edge) : IClassFixture<PagedEdge>
{
    /// <summary>Names of the API that nobody should read on the page; settings keep theirs.</summary>
    private const string Raw = @"/\b(?:geo|time|device|browser|url|custom|attribute|variants?|goalConfig|linkConfig|banditConfig|outputConfig|definition)(?:\.|\[)\w|\b(?:not_in|starts_with|gte|lte)\b|utm_[A-Z]|stableUnits|maxClicks/";

    [Fact]
    public async Task Mistakes_InConditions_AreToldInTheWordsOfTheForm()
    {
        await using var view = await SmartLinkAsync("Told in words");
        await view.ClickAsync("Add a condition");
        await view.ChooseAsync("Property", "Country");
        await view.TypeAsync("Value", "EU");
        await view.SeeAsync(".rule + .error", "Value must be a country of ISO 3166-1, not 'EU'; did you mean the property “Continent” with EU (Europe)?");
        await view.SeeAsync("Variant b: Conditions, Value – must be a country");
        Assert.Equal("", await RawAsync(view));

        await view.ChooseAsync("Comparison", "is one of");
        await view.TypeAsync("Values, separated by commas", "France, Germny, DE");
        await view.SeeAsync(".rule + .error", "Value must be a country of ISO 3166-1, not 'Germny'; did you mean DE (Germany)?");
        await view.ChooseAsync("Comparison", "is");

        await view.ChooseAsync("Property", "Continent");
        await view.TypeAsync("Value", "Eurpe");
        await view.SeeAsync(".rule + .error", "Value must be a continent, not 'Eurpe'; did you mean EU (Europe)?");
        await view.TypeAsync("Value", "europe");
        // This server has no database of places.
        await view.SeeAsync("asks where the visitor is, which this server does not know: whoever runs it can set “a database of places” or “a header that has the country”");
        await view.SeeAsync("Probably not what you want");
        Assert.Equal("EU", await view.ReadAsync("[aria-label=Value]", "found.value"));
        Assert.Equal("", await RawAsync(view));

        await view.ChooseAsync("Property", "Hour (UTC)");
        await view.TypeAsync("Value", "25");
        await view.SeeAsync(".rule + .error", "Value must be an hour from 0 to 23, not '25'");
        await view.ChooseAsync("Property", "Day of the week (UTC)");
        await view.TypeAsync("Value", "9");
        await view.SeeAsync(".rule + .error", "Value must be a day from 0 (Sunday) to 6 (Saturday), not '9'");
        await view.TypeAsync("Value", "monday");
        await view.SeeAsync("Day of the week (UTC) is Monday");
        Assert.Equal("1", await view.ReadAsync("[aria-label=Value]", "found.value"));

        await view.ChooseAsync("Property", "Attribute");
        await view.SeeAsync(".rule + .error", "Property must name an attribute of at most 128 characters, such as “Attribute plan”");
        Assert.Equal("", await RawAsync(view));
        await view.TypeAsync("Attribute", "account.plan");
        await view.TypeAsync("Value", "pro");
        await view.SeeAsync("The server would take this.");
        await view.SeeAsync("Attribute account.plan is pro");

        await view.ChooseAsync("Property", "Hour (UTC)");
        await view.ChooseAsync("Comparison", "is more than");
        await view.TypeAsync("Value", "23");
        await view.SeeAsync("can never be true: no “Hour (UTC)” is");
        await view.SeeAsync("Probably not what you want");
        Assert.Equal("", await RawAsync(view));

        await view.ChooseAsync("Comparison", "is more than");
        await view.TypeAsync("Value", "noon");
        await view.SeeAsync(".rule + .error", "Value must be a number for “is more than”, “is less than”, “is at least” and “is at most”");
        Assert.Equal("", await RawAsync(view));
        await view.ExpectSoundAsync("mistakes in words");
    }

    [Fact]
    public async Task Warnings_OfMembersThatTheFormHasInParts_AreToldInItsWords()
    {
        await using var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.TypeAsync("Name", "Nothing to learn");
        await view.TypeAsync("Where the link leads", "https://shop.example/");
        await view.ChooseAsync("What counts as success", "Impressions only");
        await view.TickAsync("Let the weights follow the results (Thompson sampling)");
        await view.SeeAsync(
            "“Let the weights follow the results (Thompson sampling)” has no effect while the goal is “Impressions only”"
        );
        Assert.Equal("", await RawAsync(view));
    }

    [Fact]
    public async Task Explanation_OfConditions_NamesPropertiesAndPlaces()
    {
        await using var view = await SmartLinkAsync("Explained in words");
        await view.ClickAsync("Add a condition");
        await view.ChooseAsync("Property", "Country");
        await view.TypeAsync("Value", "France");
        await view.SeeAsync("Country is France (France)");
        await view.TypeAsync("Country", "Japan");
        await view.SeeAsync("An iPhone in Japan at");
        await view.SeeAsync("Country is France (Japan)");
        await view.TypeAsync("Country", "Atlantis");
        await view.SeeAsync("No country has this name or code.");
        await view.TypeAsync("Country", "fr");
        await view.SeeAsync("An iPhone in France at");
        Assert.Equal("", await RawAsync(view));
    }

    [Fact]
    public async Task Countries_OfTheList_AreAllTakenByTheServer()
    {
        await using var view = await SmartLinkAsync("Everywhere");
        await view.ClickAsync("Add a condition");
        await view.ChooseAsync("Property", "Country");
        await view.ReadAsync("[aria-label=Value]", "found.focus()");
        var codes = (await view.ReadAsync("datalist:has(option[value=FR])", "[...found.options].map(o => o.value).join()")).Split(',');
        Assert.Equal("France", await view.ReadAsync("datalist option[value=FR]", "found.label"));
        Assert.InRange(codes.Length, 240, 255);
        foreach (var some in codes.Chunk(50))
        {
            var definition = new
            {
                name = "Everywhere",
                slug = ManagedEdge.NewSlug(),
                type = "smart_link",
                variants = new object[]
                {
                    new { id = "a", weight = 10_000, isDefault = true },
                    new { id = "b", weight = 0, conditions = new { type = "rule", property = "geo.country", ruleOperator = "in", value = some } },
                },
                goalConfig = new { type = "click_through", destinationUrl = "https://shop.example/" },
            };
            var checkedByServer = await edge.SendAsync("POST", "/validate", JsonSerializer.Serialize(definition));
            Assert.True(checkedByServer.Json.GetProperty("valid").GetBoolean(), checkedByServer.Json.ToString());
        }

        await view.ChooseAsync("Comparison", "is one of");
        await view.TypeAsync("Values, separated by commas", "DE, Fra");
        Assert.Equal("DE, France", await view.ReadAsync("datalist option[value='DE, FR']", "found.label"));
        await view.TypeAsync("Values, separated by commas", "DE, france, us");
        await view.SeeAsync("Germany, France, United States");
        Assert.Equal("DE, FR, us", await view.ReadAsync("[aria-label^='Values']", "found.value"));
        await view.ExpectSoundAsync("list of countries");
        await view.SeeAsync("The server would take this.");
        await view.ClickAsync("Create the draft");
        await view.SeeAsync("Country is one of Germany, France, United States");
    }

    private async Task<View> SmartLinkAsync(string name)
    {
        var view = await edge.SignInAsync();
        await view.GoAsync("#/experiments/new");
        await view.TypeAsync("Name", name);
        await view.TickAsync("Smart linkThe first variant whose conditions are true for the visitor.");
        await view.TypeAsync("Where the link leads", "https://shop.example/");
        return view;
    }

    private static Task<string> RawAsync(View view) =>
        view.Page.RunAsync($"{Raw}.exec(document.querySelector('main').innerText)?.[0] ?? ''");
}
