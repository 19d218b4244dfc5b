using System.Net;
using System.Text;
using Edge.Access;
using Edge.Catalog;
using Edge.Endpoints.Tracking;
using Edge.Experiments;
using Edge.Experiments.Reading;
using Edge.Requests;
using Edge.Tests.Support;
using Edge.Transport;
using Edge.Visits;
using Xunit;

namespace Edge.Tests.Budgets;

/// <summary>
/// A lane with everything behind it and no socket before it: two experiments, <c>demo-ab</c> and <c>demo-macro</c>, and a
/// journal of its own.
/// </summary>
internal sealed class LaneSite : IAsyncDisposable
{
    private static readonly byte[] Date = Encoding.ASCII.GetBytes("Mon, 30 Nov 2026 09:00:00 GMT");

    private readonly TempDirectory _directory = new();
    private readonly KeyRing _keys;
    private readonly TrackingLane _lane;
    private readonly ClientAddress _peer = ClientAddress.From(IPAddress.Parse("203.0.113.7"));
    private readonly byte[] _room = new byte[LaneExchange.RoomBytesMin];

    public LaneSite()
    {
        Journal = OpenJournal(_directory["journal"]);
        var catalog = new CatalogHolder();
        catalog.Swap(new ExperimentCatalog([Ab("ab", ""), Ab("macro", "?click={clickId}")], 1));
        _keys = KeyRing.Open(new KeyFile(_directory["keys.json"]), TimeProvider.System, _ => { });
        var site = new VisitSite(Journal, TimeProvider.System);
        _lane = site.CreateLane(catalog, _keys);
        Assert.True(catalog.Current.TryFind("demo-ab", out var link));
        var terms = new LinkTerms("b", TrackingMode.Full, DateTimeOffset.UtcNow, null);
        Token = site.Links.Create(terms.ClaimsOf(link), "reader-1");
    }

    /// <summary>The token of a signed link of <c>demo-ab</c>.</summary>
    public string Token { get; }

    public TestJournal Journal { get; }

    /// <summary>A journal with one page for everything: its engine takes memory for a page when it turns to it.</summary>
    public static TestJournal OpenJournal(string directory) =>
        TestJournal.Open(
            TestJournal.SmallOptions(directory) with
            {
                PageBytes = 32 << 20,
                MemoryBytes = 128 << 20,
                SegmentBytes = 128 << 20,
                MaxBytes = 512 << 20,
            }
        );

    /// <summary>A request as browsers send it.</summary>
    public static byte[] Request(string methodAndTarget) =>
        Encoding.ASCII.GetBytes(
            $"{methodAndTarget} HTTP/1.1\r\nHost: edge.example\r\n"
                + "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0\r\n"
                + "Accept: image/avif,image/webp,*/*\r\nAccept-Language: en-GB,en;q=0.9\r\n"
                + "Accept-Encoding: gzip, deflate\r\nReferer: https://mail.example/\r\n\r\n"
        );

    /// <summary>Has a request answered; the answer is valid until the next one.</summary>
    public ReadOnlySpan<byte> Answer(ReadOnlySpan<byte> request)
    {
        var exchange = new LaneExchange
        {
            Received = request,
            Room = _room,
            Peer = _peer,
            Date = Date,
            IsDraining = false,
        };
        // Without comparers, which would allocate.
        Assert.True(_lane.Answer(ref exchange) == LaneResult.Answered);
        return _room.AsSpan(0, exchange.Written);
    }

    public async ValueTask DisposeAsync()
    {
        await Journal.DisposeAsync();
        _keys.Dispose();
        _directory.Dispose();
    }

    private static CatalogEntry Ab(string name, string query)
    {
        var reading = ExperimentReader.ReadStored(
            Encoding.UTF8.GetBytes(
                $$"""
                {"uid":"exp_demo_{{name}}","slug":"demo-{{name}}","type":"ab_test","name":"x","status":"running",
                 "variants":[{"id":"a","weight":5000},{"id":"b","weight":5000}],"passQuery":[{{(query.Length > 0 ? "\"utm_*\"" : "")}}],
                 "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/landing{{query}}"} }
                """
            ),
            ExperimentRules.Default,
            DateTimeOffset.UnixEpoch
        );
        Assert.Empty(reading.Violations);
        return new CatalogEntry(reading.Experiment!);
    }
}
