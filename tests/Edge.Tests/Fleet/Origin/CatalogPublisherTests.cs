using System.Collections.Concurrent;
using System.IO.Compression;
using Edge.Access;
using Edge.Catalog;
using Edge.Enrichment.Verdicts;
using Edge.Fleet;
using Edge.Fleet.Origin;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Fleet.Origin;

public sealed class CatalogPublisherTests : IAsyncDisposable
{
    private const string Node = "edge-1";

    private readonly TempDirectory _data = new();
    private readonly LogLines _log = new();
    private readonly CatalogHolder _catalog = new();
    private readonly List<CatalogPublisher> _publishers = [];
    private readonly ConcurrentDictionary<string, long> _clicks = new(StringComparer.Ordinal);

    public CatalogPublisherTests() =>
        _catalog.Swap(
            new ExperimentCatalog(
                [.. Enumerable.Range(0, 50).Select(i => new CatalogEntry(Definitions.Running($"test-{i}")))],
                1
            )
        );

    public async ValueTask DisposeAsync()
    {
        foreach (var publisher in _publishers)
        {
            await publisher.DisposeAsync();
        }

        _data.Dispose();
    }

    [Fact]
    public async Task Change_OfOneExperiment_IsSentAsAChangeToThoseWhoHaveTheRest()
    {
        var publisher = Open();
        var first = publisher.Newest.Tag;

        var second = await ChangeAsync(publisher, weight: 7_000);

        Assert.Equal(first.Version + 1, second.Tag.Version);
        var changes = await ReadAsync(second, first);
        Assert.Equal(first.Version, changes.From);
        Assert.Equal(["experiment/exp_test-7"], changes.Items.Select(item => item.Name));
        var whole = await ReadAsync(second, null);
        Assert.Null(whole.From);
        // The experiments, and the rules of the verdict.
        Assert.Equal(51, whole.Items.Count);
        Assert.Equal(second.Tag.Digest, CatalogItems.Of(whole.Items)!.Digest);
        // Somebody whose edition has the version and another content gets everything.
        Assert.Null((await ReadAsync(second, EditionTag.Of(first.Version, second.Items, Definitions.Secret))).From);
    }

    [Fact]
    public async Task Version_AfterARestart_GoesOn()
    {
        var before = await ChangeAsync(Open(), weight: 7_000);

        Assert.Equal(before.Tag, Open().Newest.Tag);
        _catalog.Swap(_catalog.Current.With(new CatalogEntry(Definitions.Running("test-8", 100))));
        Assert.Equal(before.Tag.Version + 1, Open().Newest.Tag.Version);
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("damaged")]
    [InlineData("restored from a backup")]
    public async Task Version_AfterItsDataIsGone_GoesOnFromWhatAnEdgeProves(string how)
    {
        var (backup, items) = (Open().Newest.Tag, _publishers[0].Newest.Items);
        var file = _data["published"];
        var saved = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        // The clock of the origin before was ahead by years.
        var reached = EditionTag.Of(backup.Version * 3, items, Definitions.Secret);
        switch (how)
        {
            case "lost":
                File.Delete(file);
                break;
            case "damaged":
                await File.WriteAllTextAsync(file, "{", TestContext.Current.CancellationToken);
                break;
            default:
                await File.WriteAllBytesAsync(file, saved, TestContext.Current.CancellationToken);
                break;
        }

        var publisher = Open();
        publisher.Start();
        publisher.Learn(Node, backup with { Version = EditionTag.VersionMax - 1 });
        publisher.Learn(Node, EditionTag.Of(EditionTag.VersionMax, items, Definitions.Secret));
        publisher.Learn(Node, EditionTag.Of(long.MaxValue, items, Definitions.Secret));
        var next = await NextAsync(publisher, Node, reached);

        Assert.Equal(reached.Version + 1, next.Tag.Version);
        Assert.True(next.Tag.IsSignedBy(Definitions.Secret));
        Assert.Contains(700, _log.Ids);
    }

    [Fact]
    public async Task Wait_WithoutAChange_EndsWithWhatIsKnown()
    {
        var publisher = Open();
        var known = publisher.Newest.Tag;

        var edition = await publisher.WaitAsync(
            Node,
            [known],
            TimeSpan.FromMilliseconds(20),
            TestContext.Current.CancellationToken
        );

        Assert.Equal(known, edition.Tag);
    }

    [Fact]
    public async Task Disk_ThatTakesNoVersion_HoldsTheEditionBack()
    {
        var publisher = Open();
        var before = publisher.Newest.Tag;
        publisher.Start();
        // A directory where the file belongs: nothing can be renamed over it.
        File.Delete(_data["published"]);
        Directory.CreateDirectory(_data["published"]);
        _catalog.Swap(_catalog.Current.With(new CatalogEntry(Definitions.Running("test-7", 100))));
        publisher.Notify();
        await Wait.UntilAsync(() => _log.Ids.Contains(701), () => string.Join('\n', _log.All));
        Assert.Equal(before, publisher.Newest.Tag);

        Directory.Delete(_data["published"]);

        var next = await NextAsync(publisher, Node, before);
        Assert.Equal(before.Version + 1, next.Tag.Version);
    }

    [Fact]
    public async Task Rollout_OfAChange_ReachesTheFirstAndThenTheOthersOrIsTakenBack()
    {
        var publisher = Open();
        publisher.Start();
        var start = publisher.Newest;
        Assert.True(publisher.TrySet(First(Node), null, out _));

        // The first have the change and the others do not, whatever they ask.
        Change("test-7", 7_000);
        var changed = await NextAsync(publisher, Node, start.Tag);
        Assert.Equal(start.Tag, (await NowAsync(publisher, "other", start.Tag)).Tag);
        Assert.Equal(start.Items.Digest, (await NowAsync(publisher, "new")).Items.Digest);

        // Widened: another one comes to it, by the change alone.
        Assert.True(publisher.TrySet(First(Node, "other"), null, out _));
        Assert.Equal(changed.Tag, (await NextAsync(publisher, "other", start.Tag)).Tag);
        Assert.Single((await ReadAsync(changed, start.Tag)).Items);

        // Undone: those who had it get what the others have, as something newer, by the change alone.
        Assert.True(publisher.TrySet(First(), null, out _));
        var undone = await NextAsync(publisher, Node, changed.Tag);
        Assert.Equal(start.Items.Digest, undone.Items.Digest);
        Assert.True(undone.Tag.Version > changed.Tag.Version);
        Assert.Equal(["experiment/exp_test-7"], (await ReadAsync(undone, changed.Tag)).Items.Select(item => item.Name));

        // Ended: everybody gets it, again as something newer.
        Assert.True(publisher.TrySet(null, null, out _));
        var ended = await NextAsync(publisher, Node, undone.Tag);
        Assert.Equal(changed.Items.Digest, ended.Items.Digest);
        Assert.True(ended.Tag.Version > undone.Tag.Version);
        Assert.Equal(ended.Tag, (await NextAsync(publisher, "other", start.Tag)).Tag);
        Assert.DoesNotContain(700, _log.Ids);
    }

    /// <summary>Whatever is changed, an edge that asks comes to the edition that is for it, by newer and newer versions.</summary>
    [Fact]
    public async Task Rollout_ChangedAtRandom_LeadsEveryEdgeToWhatIsForIt()
    {
        var random = new Random(20261201);
        var publisher = Open();
        publisher.Start();
        var has = Enumerable.Range(0, 6).ToDictionary(i => $"node-{i}", _ => publisher.Newest);
        for (var step = 0; step < 60; step++)
        {
            var past = publisher.Current.Past;
            switch (random.Next(4))
            {
                case 0:
                    Change($"test-{random.Next(50)}", random.Next(10_001));
                    break;
                case 1:
                    var named = has.Keys.Where(_ => random.Next(2) == 0).ToArray();
                    Assert.True(publisher.TrySet(new Rollout(random.NextDouble(), named, DateTimeOffset.UtcNow), null, out _));
                    break;
                case 2:
                    Assert.True(publisher.TrySet(null, null, out _));
                    break;
                case 3 when past.Count > 0:
                    Assert.True(publisher.TrySet(First(), past[random.Next(past.Count)].Version, out _));
                    break;
            }

            foreach (var node in has.Keys.Where(_ => random.Next(3) > 0).ToArray())
            {
                has[node] = await FollowAsync(publisher, node, has[node]);
            }
        }

        foreach (var node in has.Keys.ToArray())
        {
            await Wait.ForAsync(
                async () => has[node] = await FollowAsync(publisher, node, has[node]),
                edition => edition.Items.Digest == publisher.Current.For(node).Items.Digest
            );
        }

        Assert.DoesNotContain(700, _log.Ids);
    }

    [Fact]
    public async Task Rollout_AfterARestart_StillHolds()
    {
        var before = Open();
        before.Start();
        var start = before.Newest;
        Assert.True(before.TrySet(First(Node), null, out _));
        Change("test-7", 7_000);
        var changed = await NextAsync(before, Node, start.Tag);
        await CloseAsync(before);

        var after = Open();

        Assert.Equal(changed.Tag, (await NowAsync(after, Node, changed.Tag)).Tag);
        Assert.Equal(start.Tag, (await NowAsync(after, "other", start.Tag)).Tag);
        Assert.Equal([Node], after.Current.Rollout!.Nodes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rollout_WhoseHeldEditionIsUnreadable_EndsAndIsReported(bool isLost)
    {
        var before = Open();
        before.Start();
        var start = before.Newest;
        Assert.True(before.TrySet(First(), null, out _));
        Change("test-7", 7_000);
        await Wait.ForAsync(() => Task.FromResult(before.Newest), newest => newest != start);
        await CloseAsync(before);
        if (isLost)
        {
            File.Delete(_data["held"]);
        }
        else
        {
            await File.WriteAllTextAsync(_data["held"], "x", TestContext.Current.CancellationToken);
        }

        var after = Open();

        Assert.Contains(711, _log.Ids);
        Assert.Equal(before.Newest.Items.Digest, (await NextAsync(after, "other", start.Tag)).Items.Digest);
        Assert.Null(after.Current.Rollout);
    }

    [Fact]
    public async Task Rollout_ThatHolds_HoldsNoKey()
    {
        var keys = KeyRing.WithoutFile(TimeProvider.System);
        keys.Replace([
            new ApiKey
            {
                Id = "key_1",
                Kind = KeyKind.Traffical,
                Hash = new string('a', 64),
                Hint = "x",
            },
        ]);
        var publisher = Open(keys);
        publisher.Start();
        var start = publisher.Newest;
        Assert.True(publisher.TrySet(First(), null, out _));
        Change("test-7", 7_000);

        keys.Replace([]);
        publisher.Notify();

        var next = await NextAsync(publisher, Node, start.Tag);
        Assert.Equal(["key/key_1"], next.Items.DifferencesTo(start.Items));
    }

    [Fact]
    public async Task Link_ThatAllNodesTogetherHaveExhausted_IsToldToEachUntilItHasMoreClicks()
    {
        _catalog.Swap(
            new ExperimentCatalog([.. _catalog.Current.Entries, new CatalogEntry(Definitions.Limited("sale", maxClicks: 10))], 2)
        );
        var publisher = Open();
        publisher.Start();
        var start = publisher.Newest;
        Assert.Null(start.Items.Find("exhausted"));

        _clicks["exp_sale"] = 9;
        Assert.Equal(start.Tag, (await publisher.WaitAsync(Node, [start.Tag], TimeSpan.FromSeconds(2), default)).Tag);
        _clicks["exp_sale"] = 10;
        var closed = await NextAsync(publisher, Node, start.Tag);
        Assert.Equal(["exp_sale"], ItemCodec.ReadExhausted(closed.Items.Find("exhausted")!));

        _catalog.Swap(_catalog.Current.With(new CatalogEntry(Definitions.Limited("sale", maxClicks: 11))));
        publisher.Notify();
        Assert.Null((await NextAsync(publisher, Node, closed.Tag)).Items.Find("exhausted"));
    }

    /// <summary>A limit is part of the definition that an edge has, so what is held has the held limit.</summary>
    [Theory]
    [InlineData(10, 5, true, false)]
    [InlineData(5, 10, false, true)]
    public async Task Link_WhoseLimitIsRolledOut_IsClosedByTheLimitThatAnEdgeHas(
        int held,
        int newest,
        bool isClosedForTheFirst,
        bool isClosedForTheOthers
    )
    {
        _clicks["exp_sale"] = 7;
        _catalog.Swap(
            new ExperimentCatalog([.. _catalog.Current.Entries, new CatalogEntry(Definitions.Limited("sale", held))], 2)
        );
        var publisher = Open();
        publisher.Start();
        var start = publisher.Newest;
        Assert.True(publisher.TrySet(First(Node), null, out _));
        _catalog.Swap(_catalog.Current.With(new CatalogEntry(Definitions.Limited("sale", newest))));
        publisher.Notify();

        var first = await NextAsync(publisher, Node, start.Tag);
        var other = await NowAsync(publisher, "other", start.Tag);

        Assert.Equal(isClosedForTheFirst, first.Items.Find("exhausted") is not null);
        Assert.Equal(isClosedForTheOthers, other.Items.Find("exhausted") is not null);
        Assert.True(publisher.TrySet(First(), null, out _));
        Assert.Equal(
            isClosedForTheOthers,
            (await NextAsync(publisher, Node, first.Tag)).Items.Find("exhausted") is not null
        );

        // Another click changes what is held alone.
        if (!isClosedForTheOthers)
        {
            _clicks["exp_sale"] = 10;
            await Wait.ForAsync(() => NowAsync(publisher, "other"), edition => edition.Items.Find("exhausted") is not null);
        }
    }

    [Fact]
    public void Rollout_ToAnUnknownEdition_ChangesNothing()
    {
        var publisher = Open();

        Assert.False(publisher.TrySet(First(), 17, out _));

        Assert.Null(publisher.Current.Rollout);
        Assert.False(File.Exists(_data["held"]));
    }

    [Fact]
    public void Share_Wider_KeepsTheFirstAndIsCloseToItsPart()
    {
        var names = Enumerable.Range(0, 10_000).Select(i => $"edge-{i}").ToArray();
        var before = new HashSet<string>();
        foreach (var share in (double[])[0, 0.1, 0.5, 0.9])
        {
            var rollout = new Rollout(share, [], DateTimeOffset.UnixEpoch);
            var first = names.Where(rollout.IsFirst).ToHashSet();

            Assert.Superset(before, first);
            Assert.InRange(first.Count, share * 10_000 - 200, share * 10_000 + 200);
            before = first;
        }

        Assert.True(new Rollout(0, ["edge-1"], DateTimeOffset.UnixEpoch).IsFirst("edge-1"));
    }

    private static Rollout First(params string[] nodes) => new(0, nodes, DateTimeOffset.UtcNow);

    /// <summary>What an edge takes that follows its rules: nothing older, and content only that has its digest.</summary>
    private static async Task<Edition> FollowAsync(CatalogPublisher publisher, string node, Edition has)
    {
        var next = await NowAsync(publisher, node, has.Tag);
        if (CatalogPublisher.IsKnown(next.Tag, [has.Tag]))
        {
            return has;
        }

        Assert.True(next.Tag.Version > has.Tag.Version);
        var document = await ReadAsync(next, has.Tag);
        var items = document.From is null
            ? CatalogItems.Of(document.Items)!
            : has.Items.With(document.Items, document.Removed);
        Assert.True(document.From is null || document.From == has.Tag.Version);
        Assert.Equal(next.Tag.Digest, items.Digest);
        return next;
    }

    private static Task<Edition> NextAsync(CatalogPublisher publisher, string node, EditionTag known) =>
        publisher.WaitAsync(node, [known], Wait.Limit, TestContext.Current.CancellationToken);

    private static Task<Edition> NowAsync(CatalogPublisher publisher, string node, params EditionTag[] known) =>
        publisher.WaitAsync(node, known, TimeSpan.Zero, TestContext.Current.CancellationToken);

    private ValueTask CloseAsync(CatalogPublisher publisher)
    {
        _publishers.Remove(publisher);
        return publisher.DisposeAsync();
    }

    private void Change(string slug, int weight)
    {
        _catalog.Swap(_catalog.Current.With(new CatalogEntry(Definitions.Running(slug, weight))));
        foreach (var publisher in _publishers)
        {
            publisher.Notify();
        }
    }

    private static async Task<EditionDocument> ReadAsync(Edition edition, EditionTag? known)
    {
        await using var gzip = new GZipStream(
            new MemoryStream(await edition.DocumentFor(known)),
            CompressionMode.Decompress
        );
        return await EditionDocument.ReadAsync(
            gzip,
            "fleet",
            EditionDocument.BytesMax,
            tag => tag.IsSignedBy(Definitions.Secret),
            TestContext.Current.CancellationToken
        );
    }

    private async Task<Edition> ChangeAsync(CatalogPublisher publisher, int weight)
    {
        publisher.Start();
        var before = publisher.Newest.Tag;
        _catalog.Swap(_catalog.Current.With(new CatalogEntry(Definitions.Running("test-7", weight))));
        publisher.Notify();
        return await NextAsync(publisher, Node, before);
    }

    private CatalogPublisher Open(KeyRing? keys = null)
    {
        var publisher = new CatalogPublisher(
            _data.Path,
            Definitions.Secret,
            _catalog,
            keys ?? KeyRing.WithoutFile(TimeProvider.System),
            new ExhaustedLinks(_clicks.GetValueOrDefault),
            VerdictRuleOptions.Default,
            TimeProvider.System,
            _log
        );
        _publishers.Add(publisher);
        return publisher;
    }
}
