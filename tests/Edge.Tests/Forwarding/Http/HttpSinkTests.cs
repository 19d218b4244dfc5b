using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Edge.Forwarding;
using Edge.Forwarding.Http;
using Edge.Forwarding.Pump;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.Http;

/// <summary>What the HTTP sink sends, and what it makes of the answers of a real server.</summary>
public sealed class HttpSinkTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private HttpReceiver _receiver = null!;

    public async ValueTask InitializeAsync() => _receiver = await HttpReceiver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _receiver.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("lines, compressed", "ndjson", true)]
    [InlineData("lines", "ndjson", false)]
    [InlineData("array, compressed", "json", true)]
    [InlineData("array", "json", false)]
    public async Task Deliver_EachFormat_ArrivesAsDocumented(string name, string formatName, bool compresses)
    {
        var format = Enum.Parse<BodyFormat>(formatName, ignoreCase: true);
        using var sink = Sink(o => o with { Format = format, Compresses = compresses });

        Assert.True((await DeliverAsync(sink, 1, 3)).IsDelivered, name);

        var request = Assert.Single(_receiver.Taken);
        var events =
            format == BodyFormat.Ndjson
                ? request.Lines
                : [.. JsonDocument.Parse(request.Text).RootElement.EnumerateArray().Select(e => e.GetRawText())];
        Assert.Equal(Batches.Lines(1, 3), events);
        Assert.Equal(
            format == BodyFormat.Ndjson ? "application/x-ndjson" : "application/json",
            request.Headers["Content-Type"]
        );
        Assert.Equal(compresses, request.Headers.ContainsKey("Content-Encoding"));
        Assert.Equal("3", request.Headers["Edge-Batch-Events"]);
        Assert.EndsWith("-1-3", request.Batch, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deliver_ToAKafkaRestProxy_IsRecordsAndEveryOneIsAskedFor()
    {
        string[] answers =
        [
            """{"offsets":[{"partition":0,"offset":1,"error_code":null,"error":null},{"partition":0,"error_code":50003,"error":"no leader"}]}""",
            """{"offsets":[{"partition":0,"offset":2,"error_code":null,"error":null}]}""",
        ];
        var next = 0;
        _receiver.Script = _ => new ScriptedAnswer(200, Takes: true, answers[next++]);
        using var sink = Sink(o => o with { Format = BodyFormat.KafkaRest });

        var first = await DeliverAsync(sink, 1, 2);
        var second = await DeliverAsync(sink, 1, 2);

        Assert.Equal(DeliveryOutcome.Retry, first.Outcome);
        Assert.Contains("no leader", first.Reason, StringComparison.Ordinal);
        Assert.True(second.IsDelivered);
        Assert.Equal("application/vnd.kafka.json.v2+json", _receiver.Taken[0].Headers["Content-Type"]);
        Assert.Equal(
            Batches.Lines(1, 2),
            JsonDocument
                .Parse(_receiver.Taken[0].Text)
                .RootElement.GetProperty("records")
                .EnumerateArray()
                .Select(record => record.GetProperty("value").GetRawText())
        );
    }

    [Theory]
    [InlineData(200, "{\"stored\":2,\"repeated\":0}", true)]
    [InlineData(200, "{\"stored\":1,\"repeated\":1}", true)]
    [InlineData(200, "{\"stored\":0,\"repeated\":0}", false)]
    [InlineData(200, "{\"stored\":3,\"repeated\":0}", false)]
    [InlineData(200, "{\"stored\":2}", false)]
    [InlineData(200, "{\"stored\":\"2\",\"repeated\":0}", false)]
    [InlineData(200, "<html><body>Please log in</body></html>", false)]
    [InlineData(200, "[2]", false)]
    [InlineData(200, "", false)]
    [InlineData(201, "{\"stored\":2,\"repeated\":0}", false)]
    [InlineData(204, "", false)]
    public async Task Deliver_ToAnOrigin_CountsOnlyWhenItHasEveryEvent(int status, string body, bool isDelivered)
    {
        _receiver.Script = _ => new ScriptedAnswer(status, Takes: true, body);
        using var sink = Sink(static o => o with { IsOrigin = true, Format = BodyFormat.Json });

        var result = await DeliverAsync(sink, 1, 2);

        Assert.Equal(isDelivered ? DeliveryOutcome.Delivered : DeliveryOutcome.Retry, result.Outcome);
        if (!isDelivered)
        {
            Assert.Contains($"answered {status}", result.Reason, StringComparison.Ordinal);
            Assert.EndsWith(body, result.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Deliver_WithSecrets_SignsWithBothOverTimeAndBody()
    {
        using var sink = Sink(o =>
            o with
            {
                Secrets = ["new", "old"],
                Headers = new Dictionary<string, string> { ["Authorization"] = "Bearer x" },
            }
        );

        await DeliverAsync(sink, 1, 2);

        var request = Assert.Single(_receiver.Taken);
        var parts = request.Headers["Edge-Signature"].Split(',').Select(part => part.Split('=')).ToArray();
        byte[] signed = [.. Encoding.ASCII.GetBytes(parts[0][1] + "."), .. request.Raw];
        Assert.Equal(["t", "v1", "v1"], parts.Select(part => part[0]));
        Assert.Equal(Convert.ToHexStringLower(HMACSHA256.HashData("new"u8, signed)), parts[1][1]);
        Assert.Equal(Convert.ToHexStringLower(HMACSHA256.HashData("old"u8, signed)), parts[2][1]);
        Assert.True(Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - long.Parse(parts[0][1])) < 60);
        Assert.Equal("Bearer x", request.Headers["Authorization"]);
    }

    [Theory]
    [InlineData("200", 200, nameof(DeliveryOutcome.Delivered), null)]
    [InlineData("204", 204, nameof(DeliveryOutcome.Delivered), null)]
    [InlineData("redirect", 302, nameof(DeliveryOutcome.Retry), "redirects are not followed")]
    [InlineData("bad request", 400, nameof(DeliveryOutcome.Refused), "no good")]
    [InlineData("unauthorized", 401, nameof(DeliveryOutcome.Retry), "check the credentials")]
    [InlineData("payment required", 402, nameof(DeliveryOutcome.Retry), "check the account")]
    [InlineData("forbidden", 403, nameof(DeliveryOutcome.Retry), "check the credentials")]
    [InlineData("not found", 404, nameof(DeliveryOutcome.Retry), "check url")]
    [InlineData("timeout", 408, nameof(DeliveryOutcome.Retry), "408")]
    [InlineData("conflict", 409, nameof(DeliveryOutcome.Refused), "no good")]
    [InlineData("too large", 413, nameof(DeliveryOutcome.Refused), "batchMaxBytes")]
    [InlineData("wrong type", 415, nameof(DeliveryOutcome.Retry), "check format")]
    [InlineData("unprocessable", 422, nameof(DeliveryOutcome.Refused), "no good")]
    [InlineData("locked", 423, nameof(DeliveryOutcome.Retry), "check the account")]
    [InlineData("header fields too large", 431, nameof(DeliveryOutcome.Retry), "check headers")]
    [InlineData("legal reasons", 451, nameof(DeliveryOutcome.Retry), "check the account")]
    [InlineData("not registered", 499, nameof(DeliveryOutcome.Retry), "499")]
    [InlineData("too many", 429, nameof(DeliveryOutcome.Retry), "429")]
    [InlineData("server error", 500, nameof(DeliveryOutcome.Retry), "500")]
    [InlineData("unavailable", 503, nameof(DeliveryOutcome.Retry), "503")]
    public async Task Deliver_Answer_IsClassified(string name, int status, string expected, string? words)
    {
        var isFirst = true;
        _receiver.Script = _ =>
        {
            // A redirect that is followed would come to a server that takes everything.
            var answer = isFirst
                ? new ScriptedAnswer(status, status < 300, "no good")
                {
                    Headers = status == 302 ? [("Location", "/other")] : [],
                }
                : ScriptedAnswer.Ok;
            isFirst = false;
            return answer;
        };
        using var sink = Sink();

        var result = await DeliverAsync(sink, 1, 2);

        Assert.True(expected == result.Outcome.ToString(), $"{name}: {result}");
        Assert.Contains(words ?? "", result.Reason ?? "", StringComparison.Ordinal);
        Assert.Single(_receiver.All);
    }

    [Theory]
    [InlineData(409, nameof(DeliveryOutcome.Retry))]
    [InlineData(410, nameof(DeliveryOutcome.Refused))]
    public async Task Deliver_WithRefusedStatuses_RefusesThoseAlone(int status, string expected)
    {
        _receiver.Script = _ => new ScriptedAnswer(status, Takes: false);
        using var sink = Sink(o => o with { RefusedStatuses = [410] });

        Assert.Equal(expected, (await DeliverAsync(sink, 1, 2)).Outcome.ToString());
    }

    [Theory]
    [InlineData("seconds", "17", 17)]
    [InlineData("nothing sensible", "soon", 0)]
    [InlineData("a date gone by", "Wed, 21 Oct 2015 07:28:00 GMT", 0)]
    public async Task Deliver_RetryAfter_IsPassedOn(string name, string header, int seconds)
    {
        _receiver.Script = _ => new ScriptedAnswer(429, Takes: false) { Headers = [("Retry-After", header)] };
        using var sink = Sink();

        var result = await DeliverAsync(sink, 1, 2);

        Assert.True(result.RetryAfter == TimeSpan.FromSeconds(seconds), $"{name}: {result.RetryAfter}");
    }

    [Fact]
    public async Task Deliver_ServerNeverAnswers_EndsAtTheRequestTimeoutInWords()
    {
        _receiver.Script = _ => new ScriptedAnswer(0, Takes: false);
        using var sink = Sink(o => o with { Transport = o.Transport with { RequestTimeoutMs = 200 } });

        var result = await DeliverAsync(sink, 1, 2);

        Assert.Equal(DeliveryOutcome.Retry, result.Outcome);
        Assert.Contains("requestTimeoutMs", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deliver_NobodyListens_SaysSo()
    {
        using var sink = Sink(o => o with { Url = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}/") });

        var result = await DeliverAsync(sink, 1, 2);

        Assert.Equal(DeliveryOutcome.Retry, result.Outcome);
        Assert.Contains("cannot be reached", result.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dotted", "127.0.0.1")]
    [InlineData("name", "localhost")]
    [InlineData("short", "127.1")]
    [InlineData("decimal", "2130706433")]
    [InlineData("hexadecimal", "0x7f000001")]
    [InlineData("octal", "0177.0.0.1")]
    [InlineData("nothing", "0.0.0.0")]
    [InlineData("v6", "[::1]")]
    [InlineData("mapped", "[::ffff:127.0.0.1]")]
    [InlineData("mapped, hexadecimal", "[::ffff:7f00:1]")]
    public async Task Deliver_PrivateAddressNotAllowed_ConnectsToNothing(string name, string host)
    {
        using var sink = Sink(o =>
            o with
            {
                Url = new Uri($"http://{host}:{_receiver.Url.Port}/"),
                Transport = o.Transport with { AllowsPrivate = false },
            }
        );

        var result = await DeliverAsync(sink, 1, 2);

        Assert.True(result.Outcome == DeliveryOutcome.Retry, name);
        Assert.Contains("not a public address", result.Reason, StringComparison.Ordinal);
        Assert.Empty(_receiver.All);
    }

    [Fact]
    public async Task Deliver_NetworkOnTheAllowList_IsConnectedTo()
    {
        using var sink = Sink(o =>
            o with
            {
                Transport = o.Transport with
                {
                    AllowsPrivate = false,
                    AllowedNetworks = [System.Net.IPNetwork.Parse("127.0.0.0/8")],
                },
            }
        );

        Assert.True((await DeliverAsync(sink, 1, 2)).IsDelivered);
    }

    [Fact]
    public async Task Deliver_EndlessAnswer_IsCut()
    {
        _receiver.Script = _ => new ScriptedAnswer(500, Takes: false, new string('x', 10_000_000));
        using var sink = Sink();

        var result = await DeliverAsync(sink, 1, 2);

        Assert.Equal(DeliveryOutcome.Retry, result.Outcome);
        Assert.True(result.Reason!.Length < 1_000);
    }

    [Fact]
    public async Task Pump_PoisonRateLimitsAndLostAnswers_EverythingArrivesOnceAndInOrder()
    {
        var requests = 0;
        _receiver.Script = request =>
            (++requests % 7) switch
            {
                1 => new ScriptedAnswer(503, Takes: false),
                _ when request.Text.Contains("\"n\":77,", StringComparison.Ordinal) => new ScriptedAnswer(
                    400,
                    Takes: false,
                    "bad 77"
                ),
                3 => new ScriptedAnswer(-1, Takes: true),
                _ => ScriptedAnswer.Ok,
            };
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            change: o => o with { BatchMaxRecords = 40, RetryBaseMs = 1, RetryCeilingMs = 5 },
            sink: Sink()
        );
        await pumped.Journal.AppendAsync(300);

        pumped.Pump.Start();
        await pumped.UntilAsync(status => status.Pending == 0);

        var byBatch = _receiver.Taken.GroupBy(request => request.Batch).ToArray();
        Assert.All(byBatch, batch => Assert.Single(batch.Select(request => request.Text).Distinct()));
        Assert.Equal(
            Enumerable.Range(1, 300).Where(n => n != 77).Select(n => TestJournal.PayloadOf(n)),
            byBatch.SelectMany(batch => batch.First().Lines)
        );
        Assert.Equal((299L, 1L), (pumped.Status.Forwarded, pumped.Status.DeadLettered));
    }

    [Fact]
    public async Task Stop_BlackHole_IsNotHeldUp()
    {
        using var blackHole = new TcpListener(IPAddress.Loopback, 0);
        blackHole.Start();
        await using var pumped = PumpedJournal.Open(
            _directory.Path,
            sink: Sink(o => o with { Url = new Uri($"http://127.0.0.1:{((IPEndPoint)blackHole.LocalEndpoint).Port}/") })
        );
        await pumped.Journal.AppendAsync(10);
        pumped.Pump.Start();
        using var connection = await blackHole.AcceptSocketAsync();
        using var deadline = new CancellationTokenSource();

        var stop = pumped.Pump.StopAsync(deadline.Token);
        await deadline.CancelAsync();
        await stop;

        Assert.Equal((SinkState.Stopped, 10L), (pumped.Status.State, pumped.Status.Pending));
    }

    private static async Task<DeliveryResult> DeliverAsync(HttpSink sink, long first, long last)
    {
        await sink.ResumeAsync(1, Batches.CursorAt(first - 1));
        return await sink.DeliverAsync(Batches.Of(first, last), CancellationToken.None);
    }

    private HttpSink Sink(Func<HttpSinkOptions, HttpSinkOptions>? change = null)
    {
        var options = new HttpSinkOptions
        {
            Url = _receiver.Url,
            Transport = new HttpTransportOptions { AllowsPrivate = true },
        };
        return new HttpSink(change?.Invoke(options) ?? options, TimeProvider.System);
    }
}
