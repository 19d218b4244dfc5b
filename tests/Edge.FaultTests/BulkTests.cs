using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests;

/// <summary>
/// All events of a request or none: what was answered is what is stored, while long arrays come at full speed and the
/// disk is slow, or full.
/// </summary>
public class BulkTests(ITestOutputHelper output)
{
    private const int Senders = 4;
    private const int EventsEach = 26_000;

    private const string Event =
        """{"event":"order","properties":{"note":"NOTE"},"timestamp":"2025-10-29T22:00:00Z"}""";

    private static readonly TimeSpan Time = TimeSpan.FromMinutes(Tier.Cycles(1, 20) / 4.0);

    [Theory]
    [InlineData("as it is", "", 1L << 40)]
    [InlineData("slow", "fdatasync@segment:1+:hang=50,fsync@segment:1+:hang=400", 1L << 40)]
    [InlineData("full", "", 256L << 20)]
    public async Task Arrays_AtFullSpeed_AreStoredWholeOrNotAtAll(string disk, string plan, long maxBytes)
    {
        using var data = new TempDirectory();
        var key = (
            await EdgeProcess.RunAsync(["keys", "create", "--kind", "artie", "--data-dir", data.Path])
        ).Output.Trim();
        await using var edge = EdgeProcess.Launch(
            data.Path,
            environment:
            [
                ("EDGE_FAULT_PLAN", plan),
                ("EDGE__JOURNAL__MAXBYTES", maxBytes.ToString(CultureInfo.InvariantCulture)),
                ("EDGE__JOURNAL__SEGMENTBYTES", "16777216"),
                // Long enough for one array on the slow disk: a 503 after the append would leave open what is stored.
                ("EDGE__JOURNAL__COMMITWAITMS", "60000"),
                ("EDGE__HTTP__REQUESTTIMEOUTMS", "120000"),
                // Nothing takes the events, so a full journal stays full.
                ("EDGE__SINKS__FILE__ENABLED", maxBytes < 1L << 40 ? "false" : "true"),
            ],
            binary: FaultBuild.Path
        );
        Assert.True(await edge.IsReadyWithinAsync(Wait.Limit));
        var note = new string('x', 290);
        var body = Encoding.ASCII.GetBytes(
            $"[{string.Join(',', Enumerable.Repeat(Event.Replace("NOTE", note, StringComparison.Ordinal), EventsEach))}]"
        );
        var clock = Stopwatch.StartNew();
        var answers = new Dictionary<int, int>();

        await Task.WhenAll(
            Enumerable
                .Range(0, Senders)
                .Select(async _ =>
                {
                    while (clock.Elapsed < Time)
                    {
                        var status = await PostAsync(edge.Client, body, key);
                        lock (answers)
                        {
                            answers[status] = answers.GetValueOrDefault(status) + 1;
                        }
                    }
                })
        );
        var stopped = await edge.StopAsync();

        var stat = await EdgeProcess.RunAsync(["journal", "stat", "--data-dir", data.Path]);
        using var json = JsonDocument.Parse(stat.Output);
        var stored = json.RootElement.GetProperty("committed_sequence").GetInt64();
        output.WriteLine(
            $"disk {disk}: {body.Length} bytes each; {string.Join(", ", answers.Select(a => $"{a.Value} x {a.Key}"))}; {stored} stored"
        );
        Assert.Equal(0, stopped);
        Assert.True(answers.GetValueOrDefault(200) > 0);
        Assert.All(answers.Keys, status => Assert.Contains(status, (int[])[200, 500, 503]));
        Assert.Equal(answers[200] * (long)EventsEach, stored);
        if (disk == "full")
        {
            Assert.Contains(answers.Keys, status => status != 200);
        }
    }

    private static async Task<int> PostAsync(HttpClient client, byte[] body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/bulk-track");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await client.SendAsync(request);
        return (int)answer.StatusCode;
    }
}
