using System.Text.Json;
using Xunit;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>
/// Batches put together at random from good and bad events: where an API answers event by event the good ones are all
/// kept and the bad ones all named, where it is all or nothing one bad event keeps everything out, and the ledger holds
/// after all of it.
/// </summary>
public class MixedBatchTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    private const int Batches = 60;
    private const int EventsMax = 40;

    private static readonly string[] Bad =
    [
        "5",
        "null",
        "true",
        "[]",
        "\"text\"",
        "{}",
        """{"event":5}""",
        """{"type":"track"}""",
        """{"event":"","experiment":""}""",
        """{"unitKey":{}}""",
        """{"event":"e","properties":[],"timestamp":"2025-10-29T22:00:00Z"}""",
        """{"type":"exposure","unitKey":"","timestamp":"x","layers":[]}""",
        """{"event":"view","experiment":"demo-ab","variantId":["a"]}""",
        """{"a":{"a":{"a":{"a":{"a":1}}}}}""",
        """{"event":"\ud800","experiment":"\udfff","unitKey":"\ud800","type":"\ud800"}""",
    ];

    [Theory]
    [InlineData(
        "5.5 traffical",
        "/v1/events",
        "traffical",
        """{"type":"decision","unitKey":"WORD","timestamp":"2026-05-21T10:30:00Z","layers":[]}""",
        "{\"events\":[BATCH]}",
        "validationErrors",
        "written"
    )]
    [InlineData(
        "4.3 pictify",
        "/s/events",
        "",
        """{"event":"view","experiment":"demo-ab","variantId":"a","metadata":{"w":"WORD"}}""",
        "[BATCH]",
        "errors",
        "processed"
    )]
    public async Task GoodEvents_AmongBadOnes_AreAllKept(
        string rule,
        string path,
        string key,
        string good,
        string batch,
        string errors,
        string kept
    )
    {
        var random = new Random(6);
        var word = "mixed" + path.Length;
        var expected = new List<string>();
        for (var i = 0; i < Batches; i++)
        {
            var (wrong, events) = (new List<int>(), new List<string>());
            for (var at = 0; at < 1 + random.Next(EventsMax); at++)
            {
                if (random.Next(3) == 0)
                {
                    wrong.Add(at);
                    events.Add(Bad[random.Next(Bad.Length)]);
                    continue;
                }
                expected.Add($"{word}-{i}-{at}-");
                events.Add(good.Replace("WORD", expected[^1], StringComparison.Ordinal));
            }

            var answer = await edge.PostAsync(
                path,
                key,
                batch.Replace("BATCH", string.Join(',', events), StringComparison.Ordinal),
                $"X-Forwarded-For: 198.18.2.{i}"
            );

            Assert.True(answer.Status == 200, $"{rule}: {answer}");
            var json = JsonDocument.Parse(answer.Body).RootElement;
            Assert.Equal(events.Count - wrong.Count, json.GetProperty(kept).GetInt32());
            var named = json.TryGetProperty(errors, out var list)
                ? list.EnumerateArray().Select(error => error.GetProperty("index").GetInt32())
                : [];
            Assert.Equal(wrong, named);
        }
        var lines = await edge.AllForwardedAsync(word);
        Assert.Equal(expected.Count, lines.Length);
        Assert.All(expected, one => Assert.Single(lines, line => line.Contains(one, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("7.2 artie")]
    public async Task GoodEvents_AmongBadOnesOfArtie_AreAllKeptOutOrAllKept(string rule)
    {
        var random = new Random(7);
        var expected = new List<string>();
        for (var i = 0; i < Batches; i++)
        {
            var events = new List<string>();
            var words = new List<string>();
            int? bad = null;
            for (var at = 0; at < 1 + random.Next(EventsMax); at++)
            {
                if (random.Next(40) == 0)
                {
                    bad ??= at;
                    events.Add(Bad[random.Next(Bad.Length)]);
                    continue;
                }
                words.Add($"atomic-{i}-{at}-");
                events.Add($$"""{"event":"{{words[^1]}}","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""");
            }

            var answer = await edge.PostAsync("/v1/bulk-track", "artie", $"[{string.Join(',', events)}]");

            Assert.True(answer.Status == (bad is null ? 200 : 400), $"{rule}: {answer}");
            if (bad is null)
            {
                expected.AddRange(words);
            }
            else
            {
                Assert.Null(
                    JsonPattern.Difference(
                        $$"""{"error":"Invalid event format.","index":{{bad}},"detail":"*"}""",
                        answer.Body
                    )
                );
            }
        }
        var lines = await edge.AllForwardedAsync("atomic-");
        Assert.Equal(expected.Count, lines.Length);
        Assert.All(expected, one => Assert.Single(lines, line => line.Contains(one, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Ledger_AfterEverything_HoldsItsEquations()
    {
        await edge.PostAsync(
            "/s/events",
            "",
            """[{"event":"view","experiment":"unknown"},{"event":"view","experiment":"demo-ab"},{}]"""
        );
        await edge.PostAsync("/v1/bulk-track", "artie", "[{}]");
        for (var i = 0; i < 3; i++)
        {
            await edge.PostAsync("/v1/track", "sk", """{"event":"e","event_id":"ledger"}""");
        }

        await edge.AllForwardedAsync("ledger");

        var ledger = await edge.LedgerAsync();

        long Figure(JsonElement of, string member) => of.GetProperty(member).GetInt64();
        Assert.Equal(
            Figure(ledger, "received"),
            Figure(ledger, "stored") + Figure(ledger, "in_flight") + Figure(ledger, "dropped_total")
        );
        Assert.Equal(0, Figure(ledger, "unaccounted"));
        Assert.Equal(
            Figure(ledger, "dropped_total"),
            ledger.GetProperty("dropped").EnumerateObject().Sum(reason => reason.Value.GetInt64())
        );
        Assert.All(
            ledger.GetProperty("sinks").EnumerateArray(),
            sink =>
                Assert.Equal(
                    Figure(sink, "stored"),
                    Figure(sink, "forwarded")
                        + Figure(sink, "pending")
                        + Figure(sink, "dead_lettered")
                        + Figure(sink, "skipped")
                )
        );
    }
}
