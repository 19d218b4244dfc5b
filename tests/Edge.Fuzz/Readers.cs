using System.IO.Compression;
using System.Text;
using Edge.Enrichment.Geo;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Requests;
using Edge.Requests.Bodies;
using Edge.Requests.Ingestion;
using Edge.Tests.Support;

namespace Edge.Fuzz;

/// <summary>A reader of bytes from outside.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Open">Makes what reads one input; whatever the input is, it must not throw.</param>
/// <param name="Seeds">Inputs to begin with.</param>
internal sealed record Reader(string Name, Func<Action<byte[]>> Open, Func<byte[][]> Seeds);

/// <summary>The readers that are fuzzed.</summary>
internal static class Readers
{
    private const int InflatedBytesMax = 1 << 20;

    public static readonly Reader[] All =
    [
        new(
            "head",
            static () =>
            {
                var limits = new HeadLimits(4_096, 8_192, 40);
                var fields = new HeaderField[HeaderFields.Capacity];
                return bytes => RequestHead.TryRead(bytes, limits, fields, out _, out _);
            },
            static () =>
                Texts(
                    "GET /s/demo-ab/pixel.gif?u=1 HTTP/1.1\r\nHost: edge.example\r\n\r\n",
                    "HEAD /s/a/click HTTP/1.1\r\nhost: x:80\r\nUser-Agent:  Mozilla/5.0 (X11)  \r\nConnection: close\r\n\r\n"
                )
        ),
        new(
            "forwarded",
            static () =>
                static bytes =>
                {
                    ReadOnlySpan<char> rest = Encoding.Latin1.GetString(bytes);
                    // Nothing is read beyond a fault.
                    while (ForwardedText.TakeLast(ref rest, out _) is Hop.Address or Hop.Hidden) { }
                },
            static () => Texts("for=203.0.113.5;proto=https;by=10.0.0.1", "For=\"[2001:db8::17]:4711\", for=_x, for=\"a\\\"b\"")
        ),
        new(
            "pictify",
            static () => static bytes => PictifyBody.Read(bytes),
            static () =>
                Texts(
                    """[{"event":"click","experiment":"welcome","variantId":"a","channel":"email","metadata":{"a":{"b":[1]}}}]""",
                    """{"event":"conversion","experiment":"welcome","metadata":{"total":49.99},"source":"api"}"""
                )
        ),
        new(
            "artie",
            static () =>
                static bytes =>
                {
                    ArtieBody.Read(bytes);
                    ArtieBody.ReadSingle(bytes);
                },
            static () =>
                Texts(
                    """[{"messageId":"m","event":"a\u00e9","timestamp":"2025-10-29T22:00:00.778Z","properties":{"n":1e400}}]""",
                    """{"event":"a","properties":{"p":[]},"timestamp":"2025-10-29t22:00:00+02:00","other":"\ud83d"}"""
                )
        ),
        new(
            "millimetric",
            static () => static bytes => MillimetricBody.Read(bytes),
            static () =>
                Texts(
                    """{"event":"signup","event_id":"e","timestamp":"2026-05-16T19:00:00Z","user_id":"u","url":"https://a.example/","properties":{"n":-1.50}}"""
                )
        ),
        new(
            "traffical",
            static () =>
            {
                var scope = new TrafficalScope("o", "p", "production", 0);
                return bytes => TrafficalBody.Read(bytes, scope);
            },
            static () =>
                Texts(
                    """{"events":[{"type":"exposure","orgId":"o","projectId":"p","env":"production","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","layers":[{"layerId":"l","policyId":"p","allocationName":"t","bucket":7420}]}]}""",
                    """{"events":[{"type":"track","id":"t","unitKey":"u","timestamp":"2026-05-21T10:35:00Z","event":"e","value":1,"properties":{"t":4.5}}]}"""
                )
        ),
        new(
            "experiment",
            static () =>
                static bytes => ExperimentReader.ReadStored(bytes, ExperimentRules.Default, DateTimeOffset.UnixEpoch),
            static () =>
                Texts(
                    """{"uid":"exp_a","name":"n","slug":"s","type":"ab_test","status":"running","variants":[{"id":"a","weight":5000,"isDefault":true},{"id":"b","weight":5000}],"goalConfig":{"type":"click_through","destinationUrl":"https://a.example/?x={clickId}"},"linkConfig":{"maxClicks":5,"exhaustedUrl":"https://b.example/"}}""",
                    """{"uid":"exp_b","name":"n","slug":"t","type":"smart_link","variants":[{"id":"a","weight":10000,"isDefault":true},{"id":"b","weight":0,"conditions":{"type":"group","operator":"AND","children":[{"type":"rule","property":"geo.country","ruleOperator":"in","value":["DE"]}]}}]}""",
                    """{"uid":"exp_c","name":"n","slug":"u","type":"scheduled","variants":[{"id":"a","weight":10000,"isDefault":true},{"id":"b","weight":0,"schedule":{"startAt":"2026-01-05T12:00:00Z","recurrence":{"type":"cron","cron":"*/5 9-17 * * 1-5","timezone":"Europe/Berlin"}}}]}"""
                )
        ),
        new(
            "gzip",
            static () =>
                static bytes =>
                {
                    using var inflated = new PooledBytes(null);
                    GzipBody.Inflate(bytes, InflatedBytesMax, inflated);
                },
            static () => [Gzip("{\"a\":1}"), [.. Gzip("a"), .. Gzip(new string('b', 1_000))]]
        ),
        new(
            "geo",
            static () =>
                static bytes =>
                {
                    if (MaxMindDatabase.Open(bytes, out _) is { } database)
                    {
                        foreach (var address in new[] { 0u, 0x0102_0304u, uint.MaxValue })
                        {
                            database.Find(address, isV4: true, out _);
                            database.FindCountry(address, isV4: true, out _);
                        }
                    }
                },
            static () => [Geo(isV6: false, 24), Geo(isV6: true, 28)]
        ),
    ];

    private static byte[][] Texts(params string[] texts) => Array.ConvertAll(texts, Encoding.Latin1.GetBytes);

    private static byte[] Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    private static byte[] Geo(bool isV6, int recordBits)
    {
        var writer = new GeoFileWriter { IsV6 = isV6, RecordBits = recordBits };
        writer.Add("1.2.0.0/16", GeoFileWriter.City("DE", "Berlin", "BE", "Europe/Berlin"));
        return writer.Build();
    }
}
