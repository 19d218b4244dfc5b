using System.Text.Json;
using Xunit;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>The same id again (spec 5.6, 6.5, 7.4): stored once, answered alike, whatever happens between.</summary>
public class DuplicateTests(ConformanceEdge edge) : IClassFixture<ConformanceEdge>
{
    private const int Parallel = 32;

    /// <summary>How one event with an id is sent through each API, and how a new answer to it looks.</summary>
    public static TheoryData<string, string, string, string, string> Apis =>
        new()
        {
            {
                "5.6 traffical",
                "/v1/events",
                "traffical",
                """{"events":[{"type":"decision","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","layers":[],"id":"ID"}]}""",
                """{"accepted":1,"written":1}"""
            },
            {
                "6.5 millimetric",
                "/v1/track",
                "sk",
                """{"event":"e","event_id":"ID"}""",
                """{"ok":true,"event_id":"ID"}"""
            },
            {
                "7.4 artie",
                "/v1/bulk-track",
                "artie",
                """[{"messageId":"ID","event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}]""",
                """{"status":"ok","messageIds":["ID"]}"""
            },
            {
                "7.8 artie single",
                "/v1/track",
                "artie",
                """{"messageId":"ID","event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""",
                """{"status":"ok","messageId":"ID"}"""
            },
        };

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task Repetition_OfARequest_IsStoredOnceAndAnsweredAlike(
        string rule,
        string path,
        string key,
        string body,
        string answer
    )
    {
        var id = NewId(rule, "again");
        for (var i = 0; i < 3; i++)
        {
            var again = await edge.PostAsync(path, key, body.Replace("ID", id, StringComparison.Ordinal));
            Assert.Equal((rule, answer.Replace("ID", id, StringComparison.Ordinal)), (rule, again.Body));
        }
        Assert.Single(await edge.AllForwardedAsync($"\"{id}\""));
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task Repetition_AtTheSameTime_IsStoredOnce(
        string rule,
        string path,
        string key,
        string body,
        string answer
    )
    {
        var id = NewId(rule, "parallel");

        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, Parallel)
                .Select(_ => edge.PostAsync(path, key, body.Replace("ID", id, StringComparison.Ordinal)))
        );

        Assert.All(answers, one => Assert.Equal(answer.Replace("ID", id, StringComparison.Ordinal), one.Body));
        Assert.Single(await edge.AllForwardedAsync($"\"{id}\""));
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task Repetition_WithOtherContent_KeepsTheFirst(
        string rule,
        string path,
        string key,
        string body,
        string answer
    )
    {
        var id = NewId(rule, "first");
        var one = body.Replace("ID", id, StringComparison.Ordinal);
        var other = one.Replace("\"e\"", "\"changed\"", StringComparison.Ordinal)
            .Replace("\"u\"", "\"changed\"", StringComparison.Ordinal);

        await edge.PostAsync(path, key, one);
        var again = await edge.PostAsync(path, key, other);

        Assert.Equal(answer.Replace("ID", id, StringComparison.Ordinal), again.Body);
        Assert.DoesNotContain(
            "changed",
            Assert.Single(await edge.AllForwardedAsync($"\"{id}\"")),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [MemberData(nameof(Apis))]
    public async Task SameId_OfAnotherProject_IsAnotherEvent(
        string rule,
        string path,
        string key,
        string body,
        string answer
    )
    {
        Assert.NotEmpty(answer);
        var id = NewId(rule, "project");

        await edge.PostAsync(path, key, body.Replace("ID", id, StringComparison.Ordinal));
        var other = await edge.PostAsync(path, key + "-other", body.Replace("ID", id, StringComparison.Ordinal));

        Assert.True(other.Status is 200 or 202, other.ToString());
        Assert.Equal(2, (await edge.AllForwardedAsync($"\"{id}\"")).Length);
    }

    [Theory]
    [InlineData("1.1 an id of one API is no id of another")]
    public async Task SameId_OfAnotherApi_IsAnotherEvent(string rule)
    {
        var id = NewId(rule, "api");

        await edge.PostAsync("/v1/track", "sk", $$"""{"event":"e","event_id":"{{id}}"}""");
        await edge.PostAsync(
            "/v1/bulk-track",
            "artie",
            $$"""[{"messageId":"{{id}}","event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}]"""
        );

        Assert.Equal(
            ["artie", "millimetric"],
            (await edge.AllForwardedAsync($"\"{id}\""))
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("api").GetString()!)
                .Order()
        );
    }

    [Theory]
    [InlineData("7.4 in the middle of a batch")]
    public async Task Repetition_AmongNewEvents_LosesNoneOfThem(string rule)
    {
        var id = NewId(rule, "batch");
        string Event(string suffix) =>
            $$"""{"messageId":"{{id}}-{{suffix}}","event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""";
        await edge.PostAsync("/v1/bulk-track", "artie", $"[{Event("b")}]");

        var answer = await edge.PostAsync(
            "/v1/bulk-track",
            "artie",
            $"[{Event("a")},{Event("b")},{Event("c")},{Event("a")}]"
        );

        Assert.Equal($$"""{"status":"ok","messageIds":["{{id}}-a","{{id}}-b","{{id}}-c","{{id}}-a"]}""", answer.Body);
        Assert.Equal(3, (await edge.AllForwardedAsync(id)).Length);
    }

    [Theory]
    [InlineData("7.4 a request that was refused leaves no trace")]
    public async Task Id_OfARefusedRequest_IsStillNew(string rule)
    {
        var id = NewId(rule, "refused");
        var good = $$"""{"messageId":"{{id}}","event":"e","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""";

        var refused = await edge.PostAsync("/v1/bulk-track", "artie", $"[{good},{{}}]");
        var accepted = await edge.PostAsync("/v1/bulk-track", "artie", $"[{good}]");

        Assert.Equal((400, 200), (refused.Status, accepted.Status));
        Assert.Single(await edge.AllForwardedAsync(id));
    }

    [Theory]
    [InlineData("an orderly stop", false)]
    [InlineData("kill -9", true)]
    public async Task Repetition_AfterARestart_IsStillOne(string rule, bool isKilled)
    {
        var sent = Apis.Select(api => api.Data).ToArray();
        foreach (var (api, path, key, body, _) in sent)
        {
            await edge.PostAsync(path, key, body.Replace("ID", NewId(api, rule), StringComparison.Ordinal));
        }

        await edge.RestartAsync(isKilled);

        foreach (var (api, path, key, body, answer) in sent)
        {
            var id = NewId(api, rule);
            var again = await edge.PostAsync(path, key, body.Replace("ID", id, StringComparison.Ordinal));
            Assert.Equal((rule, answer.Replace("ID", id, StringComparison.Ordinal)), (rule, again.Body));
            // The file sink may repeat a line after a kill; the record is the same then.
            var lines = await edge.AllForwardedAsync($"\"{id}\"");
            Assert.Single(
                lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()).Distinct()
            );
        }
    }

    private static string NewId(string rule, string test) =>
        string.Concat((rule + test).Where(char.IsAsciiLetterOrDigit)) + "-" + Environment.ProcessId;
}
