using System.Net.Http.Headers;
using Edge.Tests.Requests.Ingestion;
using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.Support.Packing;

namespace Edge.Tests.BlackBox;

/// <summary>
/// Damaged bodies, some of them gzipped before and some after the damage, sent to every ingestion API of the native
/// binary: each is accepted or refused, none is an error of the service, and none leaves memory behind.
/// EDGE_FUZZ_BODIES sets how many each API gets, 2,000 unless it does; EDGE_FUZZ_SEED repeats a run.
/// </summary>
public class DamagedBodyTests(ITestOutputHelper output)
{
    private const int BodiesDefault = 2_000;
    private const int Senders = 8;

    /// <summary>What the resident memory may grow by between the first quarter of the bodies and the last.</summary>
    private const long GrowthBytesMax = 64L << 20;

    [Theory]
    [InlineData("Artie", "/v1/bulk-track", "artie")]
    [InlineData("Artie, one event", "/v1/track", "artie")]
    [InlineData("Millimetric", "/v1/track", "millimetric-sk")]
    [InlineData("Traffical", "/v1/events", "traffical")]
    [InlineData("Pictify", "/s/events", null)]
    public async Task Api_DamagedBodies_AreAcceptedOrRefused(string api, string path, string? keyKind)
    {
        var bodies = FuzzSetting.Number("EDGE_FUZZ_BODIES", BodiesDefault);
        var seed = FuzzSetting.Number("EDGE_FUZZ_SEED", Environment.TickCount & 0xFFFFFF);
        output.WriteLine($"{api}: seed {seed}, {bodies} bodies");
        using var data = new TempDirectory();
        var key = keyKind is null ? null : await SampleBodies.CreateKeyAsync(data.Path, keyKind);
        await using var edge = await EdgeProcess.StartAsync(
            data.Path,
            ["--demo"],
            [("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1"), ("EDGE__INGEST__MILLIMETRICPERSECOND", "0")]
        );
        var statuses = new SortedDictionary<int, int>();

        await SendAsync(0, bodies / 4);
        var before = FuzzSetting.ResidentBytes(edge.Pid);
        await SendAsync(1, bodies - (bodies / 4));
        var growth = FuzzSetting.ResidentBytes(edge.Pid) - before;

        output.WriteLine(
            $"{string.Join(", ", statuses.Select(status => $"{status.Value} x {status.Key}"))}; memory grew by {growth >> 10} KiB"
        );
        Assert.DoesNotContain(statuses.Keys, status => status is >= 500 or 401 or 404 or 405 or 429);
        Assert.Contains(statuses.Keys, status => status is 200 or 202);
        Assert.Contains(400, statuses.Keys);
        Assert.InRange(growth, long.MinValue, GrowthBytesMax);
        Assert.True((await edge.Client.GetAsync("/readyz")).IsSuccessStatusCode);
        Assert.Equal(0, await edge.StopAsync());
        Assert.DoesNotContain("xception", await edge.Error, StringComparison.Ordinal);

        Task SendAsync(int part, int count) =>
            Task.WhenAll(
                Enumerable
                    .Range(0, Senders)
                    .Select(async sender =>
                    {
                        var random = new Random(seed + (part * Senders) + sender);
                        var mutator = new BodyMutator(random.Next(), BodiesOf(api));
                        for (var i = sender; i < count; i += Senders)
                        {
                            var status = await PostAsync(edge.Client, path, key, mutator.Next(), random);
                            lock (statuses)
                            {
                                statuses[status] = statuses.GetValueOrDefault(status) + 1;
                            }

                            Assert.True(status < 500, $"seed {seed}, part {part}, sender {sender}, body {i}: {status}");
                        }
                    })
            );
    }

    private static byte[][] BodiesOf(string api) =>
        api switch
        {
            "Artie" => SampleBodies.Artie,
            "Artie, one event" => SampleBodies.ArtieSingle,
            "Millimetric" => SampleBodies.Millimetric,
            "Traffical" => SampleBodies.Traffical,
            _ => SampleBodies.Pictify,
        };

    private static async Task<int> PostAsync(HttpClient client, string path, string? key, byte[] body, Random random)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        var isGzip = random.Next(8) == 0;
        if (isGzip)
        {
            body = Gzip(body);
        }
        // A damaged stream, too; half of them stay whole, so that what is inside is looked at.
        if (isGzip && body.Length > 0 && random.Next(2) == 0)
        {
            body[random.Next(body.Length)] ^= (byte)random.Next(1, 256);
        }

        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (isGzip)
        {
            request.Content.Headers.ContentEncoding.Add("gzip");
        }

        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
        // Many senders, so that limits of one address are not what is tested.
        request.Headers.Add("X-Forwarded-For", $"10.{random.Next(256)}.{random.Next(256)}.{random.Next(256)}");
        using var response = await client.SendAsync(request);
        return (int)response.StatusCode;
    }
}
