using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>
/// A schedule on visitors' clocks, as the native binary serves it: by link, country and context, on every route alike.
/// </summary>
public class VisitorClockTests(VisitorClockTests.ClockEdge edge) : IClassFixture<VisitorClockTests.ClockEdge>
{
    /// <summary>Hours from one clock to the other, whatever the season.</summary>
    private const string Here = "Asia/Tokyo";
    private const string There = "America/Chicago";

    [Fact]
    public async Task Visitors_OfTwoZones_GetWhatTheirOwnClockSays()
    {
        var slug = await StartAsync();

        foreach (var (query, country, variant) in ((string, string, string)[])
            [
                ($"tz={Here}", "", "on"),
                ($"tz={There}", "", "off"),
                ("tz=Asia%2FTokyo", "", "on"),
                // What the link says is stronger than where the reader is; what is no zone says nothing.
                ($"tz={There}", "JP", "off"),
                ("tz=..%2F..%2Fetc%2Fpasswd", "JP", "on"),
                ("", "JP", "on"),
                // More than one zone, and none at all: the fallback, which is there.
                ("", "US", "off"),
                ("", "", "off"),
            ])
        {
            var unit = Guid.NewGuid().ToString("n");
            var asked = $"?u={unit}&{query}";
            using var pixel = await GetAsync($"/s/{slug}/pixel.gif{asked}", country);
            using var click = await GetAsync($"/s/{slug}/click{asked}", country);
            using var resolve = await GetAsync($"/s/{slug}/resolve{asked}", country);
            using var head = await GetAsync($"/s/{slug}/click{asked}", country, "HEAD");

            var row = $"{query} {country}";
            Assert.Equal($"{row} https://shop.example/{variant}", $"{row} {click.Headers.Location}");
            Assert.Equal($"{row} https://shop.example/{variant}", $"{row} {head.Headers.Location}");
            Assert.Contains($"\"{variant}\"", await resolve.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        var events = await Wait.ForAsync(
            () =>
                Task.FromResult(
                    Forwarded
                        .Lines(edge.DataDir)
                        .Select(line => JsonDocument.Parse(line).RootElement)
                        .Where(e => e.Text("experiment") == slug)
                        .ToArray()
                ),
            all => all.Length == 16
        );
        Assert.Equal(4, events.Count(e => e.Text("type") == "impression" && e.Text("variant") == "on"));
        Assert.Equal(4, events.Count(e => e.Text("type") == "click" && e.Text("variant") == "on"));
    }

    [Fact]
    public async Task Programs_ThatStateAZone_GetTheSame()
    {
        var slug = await StartAsync();
        var key = await edge.CreateKeyAsync("traffical", "--scope", "sdk:read");

        foreach (var (zone, variant) in ((string, string)[])[(Here, "on"), (There, "off"), ("nowhere", "off")])
        {
            using var flag = await PostAsync(
                $"/ofrep/v1/evaluate/flags/{slug}",
                key,
                $$$"""{"context":{"targetingKey":"a","tz":"{{{zone}}}"}}"""
            );
            Assert.Equal(variant, flag.RootElement.GetProperty("variant").GetString());
            using var decision = await PostAsync(
                "/v1/decide",
                key,
                $$$"""{"unitKey":"a","context":{"tz":"{{{zone}}}"},"experiments":["{{{slug}}}"]}"""
            );
            Assert.Contains($"\"{variant}\"", decision.RootElement.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Questions_OfAuthors_NameTheClock()
    {
        var slug = await StartAsync();
        var explained = await edge.SendAsync("POST", $"/{slug}/explain", $$"""{"query":"tz={{Here}}"}""");
        Assert.Contains($"clock is that of {Here} (tz parameter)", explained.Json.ToString(), StringComparison.Ordinal);
        explained = await edge.SendAsync("POST", $"/{slug}/explain", $$"""{"timezone":"{{Here}}"}""");
        Assert.Contains($"clock is that of {Here} (geo data)", explained.Json.ToString(), StringComparison.Ordinal);
        explained = await edge.SendAsync("POST", $"/{slug}/explain", """{"query":"tz=nowhere"}""");
        Assert.Contains("time zone is not known", explained.Json.ToString(), StringComparison.Ordinal);
        explained = await edge.SendAsync("POST", $"/{slug}/explain", """{"timezone":"nowhere"}""");
        Assert.Equal("timezone: invalid_value", Assert.Single(explained.Errors));

        var definition = Definition(ManagedEdge.NewSlug(), "2026-10-24T09:00:00Z", "2026-10-24T10:00:00Z", "daily");
        var ahead = await edge.SendAsync(
            "POST",
            "/occurrences",
            $$"""{"definition":{{definition}},"from":"2026-10-24T20:00:00Z","days":2,"timezone":"Europe/Paris"}"""
        );
        Assert.Equal(200, ahead.Status);
        var first = ahead.Json.GetProperty("periods").EnumerateArray().First(p => p.GetProperty("isScheduled").GetBoolean());
        // The clocks are set back that night.
        Assert.Equal(("2026-10-25T08:00:00.000Z", "Europe/Paris"), (first.Text("start"), first.Text("timezone")));
        Assert.Equal("Europe/Paris", Assert.Single(ahead.Json.GetProperty("clockChanges").EnumerateArray()).Text("timezone"));
        Assert.Contains("visitor_clock", ahead.Json.ToString(), StringComparison.Ordinal);
        ahead = await edge.SendAsync("POST", "/occurrences", $$"""{"definition":{{definition}},"timezone":"nowhere"}""");
        Assert.Equal("timezone: invalid_value", Assert.Single(ahead.Errors));
    }

    [Theory]
    [InlineData("2026-10-24T09:00:00+02:00", "2026-10-24T10:00:00Z", "UTC", "startAt: invalid_format")]
    [InlineData("2026-10-24T09:00:00Z", "2026-10-24T12:00:00+00:00", "UTC", "endAt: invalid_format")]
    [InlineData("2026-10-24T09:00:00Z", "2026-10-24T10:00:00Z", "nowhere", "recurrence.fallbackTimezone: invalid_value")]
    [InlineData("2026-10-24T09:00:00Z", "2026-10-24T10:00:00Z", "visitor", "recurrence.fallbackTimezone: invalid_value")]
    public async Task Definition_ThatMeansNoClock_IsRefused(string start, string end, string fallback, string error)
    {
        var body = Definition(ManagedEdge.NewSlug(), start, end, "daily", fallback);

        var answer = await edge.SendAsync("POST", "", body);

        Assert.Equal(400, answer.Status);
        Assert.Equal($"variants[1].schedule.{error}", Assert.Single(answer.Errors));
    }

    [Fact]
    public async Task Definition_Stored_ComesBackAsItWasWritten()
    {
        var slug = await StartAsync();

        var stored = (await edge.SendAsync("GET", $"/{slug}")).Experiment.GetProperty("variants")[1];

        var recurrence = stored.GetProperty("schedule").GetProperty("recurrence");
        Assert.Equal(("visitor", There), (recurrence.Text("timezone"), recurrence.Text("fallbackTimezone")));
    }

    /// <summary>A machine whose database does not say which zones there are.</summary>
    [Fact]
    public async Task Check_WithoutTheListOfZones_SaysThatEverybodyGetsTheFallback()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["zones/Europe"]);
        File.Copy("/usr/share/zoneinfo/Europe/Berlin", directory["zones/Europe/Berlin"]);

        var (_, output, _) = await EdgeProcess.RunAsync(
            ["check", "--data-dir", directory["data"]],
            [("TZDIR", directory["zones"])]
        );

        Assert.Contains("without zone.tab", output, StringComparison.Ordinal);
    }

    /// <summary>Open for two hours around now on the clock here, which the clock there does not show today.</summary>
    private async Task<string> StartAsync()
    {
        var now = TimeZoneInfo.ConvertTime(TimeProvider.System.GetUtcNow(), TimeZoneInfo.FindSystemTimeZoneById(Here));
        var slug = ManagedEdge.NewSlug();
        var body = Definition(slug, $"{now.AddHours(-1):yyyy-MM-ddTHH:mm:ss}Z", $"{now.AddHours(1):yyyy-MM-ddTHH:mm:ss}Z", "none");
        var created = await edge.SendAsync("POST", "", body);
        Assert.True(created.Status == 201, created.Json.ToString());
        Assert.Equal(200, (await edge.SendAsync("POST", $"/{slug}/start")).Status);
        return slug;
    }

    private static string Definition(string slug, string start, string end, string type, string fallback = There) =>
        $$$"""
        {"name":"Clock","slug":"{{{slug}}}","type":"scheduled","goalConfig":{"type":"click_through"},
         "variants":[{"id":"off","weight":5000,"isDefault":true,"destinationUrl":"https://shop.example/off"},
          {"id":"on","weight":5000,"destinationUrl":"https://shop.example/on","schedule":{"startAt":"{{{start}}}","endAt":"{{{end}}}",
           "recurrence":{"type":"{{{type}}}","timezone":"visitor","fallbackTimezone":"{{{fallback}}}"} } } ]}
        """;

    private async Task<HttpResponseMessage> GetAsync(string path, string country, string method = "GET")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0");
        if (country.Length > 0)
        {
            request.Headers.Add("CF-IPCountry", country);
        }

        return await edge.Edge.Client.SendAsync(request);
    }

    private async Task<JsonDocument> PostAsync(string path, string key, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await edge.Edge.Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text);
    }

    /// <summary>A service that believes its proxy's country.</summary>
    public sealed class ClockEdge : ManagedEdge
    {
        protected override (string Name, string Value)[] Settings => [("EDGE__GEO__COUNTRYHEADER", "CF-IPCountry")];
    }
}
