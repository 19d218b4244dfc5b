using System.Globalization;
using System.Net;
using System.Text;
using Edge.Catalog;
using Edge.Enrichment.Geo;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Statistics.Optimization;
using Edge.Tests.Support;
using Edge.Visits;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>
/// An Edge that has run for a while: experiments of all types and states, and a journal with the visits of twelve days,
/// recorded by the code that records real ones, at the times at which they are meant to have happened.
/// </summary>
public sealed class SeededEdge : PagedEdge
{
    /// <summary>The experiment with the visits.</summary>
    internal const string Slug = "spring-banner";

    private const int Days = 12;
    private const int VisitsADay = 236;

    private static readonly string[] Browsers =
    [
        Visitors.IPhone,
        Visitors.Firefox,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    ];

    private static readonly (string Network, string Country)[] Places =
    [
        ("203.0.113", "DE"),
        ("198.51.100", "FR"),
        ("192.0.2", "US"),
        ("100.64.1", "GB"),
    ];

    private static readonly string[] Sites = ["https://www.google.com/", "https://news.example/", "", "https://mail.google.com/"];

    /// <summary>Shares of visitors who follow the link, by variant.</summary>
    private static readonly Dictionary<string, double> Rates = new()
    {
        ["photo"] = 0.086,
        ["drawing"] = 0.124,
        ["words"] = 0.093,
    };

    protected override async Task PrepareAsync()
    {
        await base.PrepareAsync();
        var directory = Path.Combine(DataDir, "experiments");
        Directory.CreateDirectory(directory);
        var now = DateTimeOffset.UtcNow;
        var began = now - TimeSpan.FromDays(Days);
        var banner = Write(directory, Definitions.Banner(Slug, began));
        foreach (var definition in Definitions.Others(began))
        {
            Write(directory, definition);
        }

        RecordRecomputations(banner, began);
        await VisitAsync(new CatalogEntry(banner), began);
    }

    /// <summary>A recomputation every six hours, in which the drawing comes out ahead.</summary>
    private void RecordRecomputations(Experiment experiment, DateTimeOffset began)
    {
        const int BestAtTheEnd = 9_800;
        var files = RecomputationFiles.Open(Path.Combine(DataDir, "recomputations"), new LogLines());
        var random = new Random(17);
        for (var day = 0.25; day < Days; day += 0.25)
        {
            var wavers = (int)(random.NextDouble() * 2_000 * (1 - day / Days));
            var best = 3_334 + (int)((BestAtTheEnd - 3_334) * Math.Sqrt(day / Days)) - wavers;
            int[] shares = [(10_000 - best) / 3, best, (10_000 - best) * 2 / 3];
            files.Add(
                experiment.Uid,
                new RecomputationPoint(
                    DateTimeOffset.FromUnixTimeSeconds(began.AddDays(day).ToUnixTimeSeconds()),
                    [.. experiment.Variants.Select((variant, i) => new RecomputedVariant(variant.Id, shares[i], variant.Weight))]
                )
            );
        }
    }

    private static Experiment Write(string directory, string definition)
    {
        var reading = ExperimentReader.ReadStored(
            Encoding.UTF8.GetBytes(definition),
            ExperimentRules.Default,
            DateTimeOffset.UtcNow
        );
        Assert.Empty(reading.Violations);
        File.WriteAllText(Path.Combine(directory, reading.Experiment!.Slug + ".json"), definition);
        return reading.Experiment;
    }

    private async Task VisitAsync(CatalogEntry experiment, DateTimeOffset began)
    {
        var clock = new TestClock(began);
        var random = new Random(17);
        var geo = Path.Combine(DataDir, "seed.mmdb");
        var networks = new GeoFileWriter();
        foreach (var (network, country) in Places)
        {
            networks.Add($"{network}.0/24", GeoFileWriter.Country(country));
        }

        await File.WriteAllBytesAsync(geo, networks.Build());
        await using var journal = TestJournal.Open(
            new() { Directory = Path.Combine(DataDir, "journal") },
            TimeProvider.System
        );
        var site = new VisitSite(journal, clock, places: GeoDatabase.Open(geo, TimeProvider.System, new LogLines()));
        var end = DateTimeOffset.UtcNow - TimeSpan.FromHours(1);
        for (var visit = 0; clock.GetUtcNow() < end; visit++)
        {
            // More by day than by night.
            var hour = clock.GetUtcNow().Hour;
            var isNight = hour is < 6 or > 22;
            clock.Advance(TimeSpan.FromDays(1) / VisitsADay * (isNight ? 2.2 : 0.72) * (0.4 + 1.2 * random.NextDouble()));
            var isRobot = random.Next(14) == 0;
            var context = Request(visit, isRobot ? Visitors.Robot : Browsers[random.Next(Browsers.Length)], random);
            site.Record(context, experiment, VisitKind.Impression, out _);
            var variant = experiment.Experiment.Variants[site.Show(context, experiment)].Id;
            if (!isRobot && random.NextDouble() < Rates[variant])
            {
                clock.Advance(TimeSpan.FromSeconds(4));
                site.Record(context, experiment, VisitKind.Click, out _);
            }
        }

        await journal.Journal.CommitAsync();
    }

    private static DefaultHttpContext Request(int visit, string userAgent, Random random)
    {
        // Most readers are where the mail was sent first.
        var (network, _) = Places[(int)(Places.Length * Math.Pow(random.NextDouble(), 2))];
        var context = new DefaultHttpContext();
        context.Connection.RemoteIpAddress = IPAddress.Parse($"{network}.{visit % 250 + 1}");
        context.Request.Path = $"/s/{Slug}/pixel.gif";
        context.Request.QueryString = new QueryString(
            string.Create(CultureInfo.InvariantCulture, $"?u=reader-{visit}")
        );
        context.Request.Headers.UserAgent = userAgent;
        if (Sites[random.Next(Sites.Length)] is { Length: > 0 } referrer)
        {
            context.Request.Headers.Referer = referrer;
        }

        return context;
    }

    private static class Definitions
    {
        public static string Banner(string slug, DateTimeOffset began) =>
            $$"""
                {"uid":"exp_{{slug}}","slug":"{{slug}}","type":"ab_test","name":"Spring banner","status":"running",
                 "hypothesis":"A drawing says more about the product than the photo we have used for years.",
                 "variants":[{"id":"photo","name":"Photo","weight":3334,"isDefault":true},
                             {"id":"drawing","name":"Drawing","weight":3333},{"id":"words","name":"Words alone","weight":3333}],
                 "goalConfig":{"type":"click_through","destinationUrl":"https://shop.example/spring"},
                 "runningSince":"{{Time(began)}}","createdAt":"{{Time(began)}}","updatedAt":"{{Time(began)}}"}
                """;

        public static IEnumerable<string> Others(DateTimeOffset began) =>
            [
                $$"""
                    {"uid":"exp_store","slug":"store-link","type":"smart_link","name":"App store or shop","status":"paused",
                     "variants":[{"id":"ios","name":"iPhones","weight":0,"destinationUrl":"https://apps.example/ios","conditions":
                       {"type":"group","operator":"AND","children":[
                         {"type":"rule","property":"device.os","ruleOperator":"equals","value":"iOS"},
                         {"type":"group","operator":"OR","children":[
                           {"type":"rule","property":"browser.language","ruleOperator":"in","value":["de","fr"]},
                           {"type":"rule","property":"url.param","paramName":"campaign","ruleOperator":"starts_with","value":"spring"}]}]} },
                      {"id":"shop","name":"Everybody else","weight":10000,"isDefault":true,"destinationUrl":"https://shop.example/"}],
                     "goalConfig":{"type":"click_through"},"createdAt":"{{Time(began)}}","updatedAt":"{{Time(began.AddDays(-1))}}"}
                    """,
                $$"""
                    {"uid":"exp_lunch","slug":"lunch-offer","type":"scheduled","name":"Lunch offer","status":"draft",
                     "variants":[{"id":"lunch","name":"Lunch","weight":0,"schedule":{"startAt":"2026-01-05T11:00:00Z","endAt":"2026-01-05T13:30:00Z",
                        "recurrence":{"type":"cron","cronExpression":"0 12 * * 1-5","timezone":"Europe/Berlin"} } },
                      {"id":"happy","name":"Happy hour","weight":0,"schedule":{"startAt":"2026-01-09T16:00:00Z","endAt":"2026-01-09T19:00:00Z",
                        "recurrence":{"type":"weekly","timezone":"Europe/Berlin"} } },
                      {"id":"usual","name":"The usual","weight":10000,"isDefault":true}],
                     "goalConfig":{"type":"click_through","destinationUrl":"https://shop.example/menu"},
                     "createdAt":"{{Time(began)}}","updatedAt":"{{Time(began.AddDays(-2))}}"}
                    """,
                $$"""
                    {"uid":"exp_header","slug":"header-colour","type":"ab_test","name":"Colour of the header","status":"completed","winnerVariantId":"green",
                     "variants":[{"id":"blue","name":"Blue","weight":5000,"isDefault":true},{"id":"green","name":"Green","weight":5000}],
                     "goalConfig":{"type":"click_through","destinationUrl":"https://shop.example/"},
                     "createdAt":"{{Time(began.AddDays(-40))}}","updatedAt":"{{Time(began.AddDays(-9))}}"}
                    """,
            ];

        private static string Time(DateTimeOffset time) =>
            time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
    }
}
