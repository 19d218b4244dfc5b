using System.Text.Json;
using Edge.Tests.Forwarding.Postgres;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox;

/// <summary>Corrections of a process that is killed, and in the engines behind its sinks.</summary>
public sealed class LateVerdictKillTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IDisposable
{
    private const string Chrome =
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Kill_WhileBurstsAreJudged_LeavesEachClickWithOneCorrection()
    {
        const int Kills = 8;
        const int LinksOfMessage = 4;
        (string, string)[] settings = [WithOwnRules()];
        var random = new Random(26);
        var slugs = Experiments(LinksOfMessage);
        var messages = 0;
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var edge = await EdgeProcess.StartAsync(_directory.Path, [], settings);
            var links = await LinksAsync(slugs, 30, ++messages);
            for (var burst = 0; burst < 30; burst++)
            {
                await Task.WhenAll(links.Select(ofLink => GetAsync(edge, ofLink[burst])));
                if (random.Next(30) == 0)
                {
                    break;
                }
            }

            await Task.Delay(random.Next(150));
            await edge.KillAsync();
        }

        await using (var edge = await EdgeProcess.StartAsync(_directory.Path, [], settings))
        {
            // What was stored and not looked at yet, then all of it in the file.
            await Wait.ForAsync(
                () => edge.Client.GetStringAsync("/metrics"),
                static page => page.Contains("edge_late_verdict_pending 0\n", StringComparison.Ordinal)
            );
            await edge.UntilForwardedAsync();
            await edge.StopAsync();
        }

        var events = Forwarded.Lines(_directory.Path).DistinctBy(IdOf).Select(static line => JsonDocument.Parse(line).RootElement).ToArray();
        var clicks = events.Where(static e => e.Text("type") == "click").GroupBy(static e => e.Text("message_hash"));
        // A message of which a kill has left less than three clicks is no burst.
        var expected = clicks.Where(static ofMessage => ofMessage.Count() >= 3).SelectMany(static ofMessage => ofMessage).Select(static e => e.Text("id"));
        var corrected = events.Where(static e => e.Text("type") == "verdict").Select(static e => e.Text("corrects")).ToArray();
        Assert.True(corrected.Length > Kills * LinksOfMessage, $"{corrected.Length} corrections");
        Assert.Equal(corrected.Distinct().Count(), corrected.Length);
        Assert.Equal(expected.Order(StringComparer.Ordinal), corrected.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Views_OfTheGuide_ShowClicksWithTheirLastVerdict()
    {
        await using var house = await ClickHouseServer.StartAsync();
        var connection = await PostgresEvents.CreateAsync(postgres.Server);
        (string, string)[] settings =
        [
            WithOwnRules(),
            ("EDGE__SINKS__HOUSE__TYPE", "clickhouse"),
            ("EDGE__SINKS__HOUSE__URL", $"http://127.0.0.1:{house.Port}"),
            ("EDGE__SINKS__HOUSE__PASSWORD", ClickHouseServer.Password),
            ("EDGE__SINKS__HOUSE__LINGERMS", "100"),
            ("EDGE__SINKS__BASE__TYPE", "postgres"),
            ("EDGE__SINKS__BASE__CONNECTION", connection),
        ];
        var init = await EdgeProcess.RunAsync(["sink", "init", "house", "--data-dir", _directory.Path], settings);
        Assert.True(init.ExitCode == 0, init.Error);
        foreach (var statement in Recipes.Statements("clickhouse-judged"))
        {
            await house.QueryAsync(statement);
        }

        foreach (var statement in Recipes.Statements("postgres-judged"))
        {
            await PostgresServer.ExecuteAsync(connection, statement);
        }

        var slugs = Experiments(3);
        await using (var edge = await EdgeProcess.StartAsync(_directory.Path, [], settings))
        {
            var links = await LinksAsync(slugs, 2, 1);
            await Task.WhenAll(links.Select(ofLink => GetAsync(edge, ofLink[0])));
            await GetAsync(edge, links[0][1]);
            await Wait.ForAsync(
                () => edge.Client.GetStringAsync("/metrics"),
                static page => page.Contains("edge_sink_forwarded_total{sink=\"house\"} 7\n", StringComparison.Ordinal)
                    && page.Contains("edge_sink_forwarded_total{sink=\"base\"} 7\n", StringComparison.Ordinal)
            );
        }

        Assert.Equal(["human\t1", "scanner\t3"], await house.LinesAsync("SELECT verdict, count() FROM edge_clicks_judged GROUP BY verdict ORDER BY verdict"));
        Assert.Equal(
            ["human|1", "scanner|3"],
            await PostgresServer.QueryAsync(connection, "SELECT verdict || '|' || count(*) FROM edge_clicks_judged GROUP BY verdict ORDER BY verdict")
        );
        Assert.Equal(["our_burst\tprobable\t3"], await house.LinesAsync(Recipes.Text("clickhouse-corrections")));
    }

    /// <summary>A burst that takes a minute at most, because the machine may be busy.</summary>
    private (string, string) WithOwnRules()
    {
        File.WriteAllText(
            _directory["rules.json"],
            """
            {"late": [
              {"id": "link_burst", "mode": "off"}, {"id": "link_pair_after_send", "mode": "off"}, {"id": "every_link_once", "mode": "off"},
              {"id": "our_burst", "verdict": "scanner", "by": "message", "certainty": "probable", "mode": "enforced", "links": 3, "withinMs": 60000}
            ]}
            """
        );
        return ("EDGE__AUTOMATION__RULESFILE", _directory["rules.json"]);
    }

    private string[] Experiments(int count)
    {
        Directory.CreateDirectory(_directory["experiments"]);
        var slugs = Enumerable.Range(1, count).Select(static i => $"late-{i}").ToArray();
        foreach (var slug in slugs)
        {
            File.WriteAllText(
                Path.Combine(_directory["experiments"], $"exp_{slug.Replace('-', '_')}_abcd.json"),
                $$"""
                {"uid":"exp_{{slug.Replace('-', '_')}}_abcd","slug":"{{slug}}","type":"ab_test","name":"x","status":"running",
                 "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],
                 "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/"} }
                """
            );
        }

        return slugs;
    }

    /// <summary>For each link, that of every reader.</summary>
    private async Task<List<string[]>> LinksAsync(string[] slugs, int readers, int message)
    {
        var links = new List<string[]>();
        foreach (var slug in slugs)
        {
            var (exitCode, output, error) = await EdgeProcess.RunAsync(
                ["link", slug, "--sent", $"2026-05-16T19:00:{message:00}Z", "--data-dir", _directory.Path],
                input: string.Concat(Enumerable.Range(1, readers).Select(i => $"reader-{message}-{i}\n"))
            );
            Assert.True(exitCode == 0, error);
            links.Add([.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split('\t')[1])]);
        }

        return links;
    }

    private static async Task GetAsync(EdgeProcess edge, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("User-Agent", Chrome);
        using var answer = await edge.Client.SendAsync(request);
        Assert.Equal(302, (int)answer.StatusCode);
    }

    private static string IdOf(string line) => line.Substring(line.IndexOf("\"id\":\"", StringComparison.Ordinal) + 6, 36);
}
