using Edge.Enrichment.Geo;
using Xunit;

namespace Edge.Tests.Enrichment.Geo;

public class CountryCodeTests
{
    [Theory]
    [InlineData("DE", "DE", "EU")]
    [InlineData("us", "US", "NA")]
    [InlineData("jP", "JP", "AS")]
    [InlineData("ZA", "ZA", "AF")]
    [InlineData("BR", "BR", "SA")]
    [InlineData("AU", "AU", "OC")]
    [InlineData("AQ", "AQ", "AN")]
    [InlineData("XK", "XK", "EU")]
    [InlineData("EU", "EU", "")]
    [InlineData("XX", "", "")]
    [InlineData("ZZ", "", "")]
    [InlineData("T1", "", "")]
    [InlineData("", "", "")]
    [InlineData("D", "", "")]
    [InlineData("DEU", "", "")]
    [InlineData("D\u00c4", "", "")]
    [InlineData("\u0166S", "", "")]
    public void Country_Text_IsTwoLettersOrUnknown(string text, string country, string continent)
    {
        var code = CountryCode.Parse(text.AsSpan());

        Assert.Equal((country, continent, country.Length == 0), (code.Text, code.Continent, code.IsUnknown));
        Assert.Equal(code, CountryCode.FromNumber(code.Number));
    }

    [Fact]
    public void Continents_Countries_StandOnOneEach()
    {
        var countries = ContinentTable.Rows.SelectMany(row => row.Countries.Split(' ')).ToArray();

        Assert.All(countries, country => Assert.Equal(2, country.Length));
        Assert.Equal(countries.Length, countries.Distinct().Count());
        // 249 of ISO 3166-1, and Kosovo.
        Assert.Equal(250, countries.Length);
    }
}
