using System.Net.Http.Headers;
using System.Text;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests;

/// <summary>A start whose disk is slow: the ids of earlier events are not known yet.</summary>
public class RestoreTests
{
    private const string WithoutId = """{"event":"order","properties":{},"timestamp":"2025-10-29T22:00:00Z"}""";
    private const string WithId =
        """{"event":"order","properties":{},"timestamp":"2025-10-29T22:00:00Z","messageId":"m-1"}""";

    /// <summary>Every page that is read takes longer than an event may wait.</summary>
    private static readonly (string, string)[] Slow =
    [
        ("EDGE_FAULT_PLAN", "pread@segment:1+:hang=600"),
        ("EDGE__JOURNAL__COMMITWAITMS", "200"),
        ("EDGE__JOURNAL__PAGEBYTES", "65536"),
        ("EDGE__JOURNAL__MEMORYBYTES", "131072"),
    ];

    [Fact]
    public async Task Ids_ThatAreStillRead_HoldUpOnlyEventsThatHaveOne()
    {
        using var data = new TempDirectory();
        var artie = await CreateKeyAsync(data.Path, "artie");
        var millimetric = await CreateKeyAsync(data.Path, "millimetric-sk");
        await using (
            var edge = EdgeProcess.Launch(data.Path, environment: Slow[2..], binary: FaultBuild.Path)
        )
        {
            Assert.True(await edge.IsReadyWithinAsync(Wait.Limit));
            var events = string.Join(',', Enumerable.Repeat(WithoutId, 1_500));
            Assert.Equal(200, (await PostAsync(edge, "/v1/bulk-track", artie, $"[{events}]")).Status);
            Assert.Equal(0, await edge.StopAsync());
        }

        await using var slow = EdgeProcess.Launch(data.Path, environment: Slow, binary: FaultBuild.Path);
        Assert.True(await slow.IsReadyWithinAsync(Wait.Limit));

        Assert.StartsWith(
            "ready, degraded: reading the ids",
            await slow.Client.GetStringAsync("/readyz"),
            StringComparison.Ordinal
        );
        var held = await PostAsync(slow, "/v1/bulk-track", artie, $"[{WithId}]");
        var other = await PostAsync(slow, "/v1/track", millimetric, """{"event":"e","event_id":"m-1"}""");
        var free = await PostAsync(slow, "/v1/bulk-track", artie, $"[{WithoutId}]");
        Assert.Equal((503, "1", """{"error":"Service unavailable. Please retry later."}"""), held);
        Assert.Equal((503, "1", """{"error":"service_unavailable"}"""), other);
        Assert.Equal(200, free.Status);
        await Wait.ForAsync(() => slow.Client.GetStringAsync("/readyz"), page => page == "ready\n");
        Assert.Equal(200, (await PostAsync(slow, "/v1/bulk-track", artie, $"[{WithId}]")).Status);
        Assert.Equal(0, await slow.StopAsync());
    }

    private static async Task<string> CreateKeyAsync(string dataDir, string kind) =>
        (await EdgeProcess.RunAsync(["keys", "create", "--kind", kind, "--data-dir", dataDir])).Output.Trim();

    private static async Task<(int Status, string? RetryAfter, string Body)> PostAsync(
        EdgeProcess edge,
        string path,
        string key,
        string body
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await edge.Client.SendAsync(request);
        return (
            (int)answer.StatusCode,
            answer.Headers.RetryAfter?.ToString(),
            await answer.Content.ReadAsStringAsync()
        );
    }
}
