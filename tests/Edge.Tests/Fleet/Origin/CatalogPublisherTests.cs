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
    private readonly TempDirectory _data = new();
    private readonly LogLines _log = new();
    private readonly CatalogHolder _catalog = new();
    private readonly List<CatalogPublisher> _publishers = [];

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
        var first = publisher.Current.Tag;

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

        Assert.Equal(before.Tag, Open().Current.Tag);
        _catalog.Swap(_catalog.Current.With(new CatalogEntry(Definitions.Running("test-8", 100))));
        Assert.Equal(before.Tag.Version + 1, Open().Current.Tag.Version);
    }

    [Theory]
    [InlineData("lost")]
    [InlineData("damaged")]
    [InlineData("restored from a backup")]
    public async Task Version_AfterItsDataIsGone_GoesOnFromWhatAnEdgeProves(string how)
    {
        var (backup, items) = (Open().Current.Tag, _publishers[0].Current.Items);
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
        publisher.Learn(backup with { Version = EditionTag.VersionMax - 1 });
        publisher.Learn(EditionTag.Of(EditionTag.VersionMax, items, Definitions.Secret));
        publisher.Learn(EditionTag.Of(long.MaxValue, items, Definitions.Secret));
        publisher.Learn(reached);
        var next = await publisher.WaitAsync(
            tag => tag.Version <= reached.Version,
            Wait.Limit,
            TestContext.Current.CancellationToken
        );

        Assert.Equal(reached.Version + 1, next.Tag.Version);
        Assert.True(next.Tag.IsSignedBy(Definitions.Secret));
        Assert.Contains(700, _log.Ids);
    }

    [Fact]
    public async Task Wait_WithoutAChange_EndsWithWhatIsKnown()
    {
        var publisher = Open();
        var known = publisher.Current.Tag;

        var edition = await publisher.WaitAsync(
            tag => tag == known,
            TimeSpan.FromMilliseconds(20),
            TestContext.Current.CancellationToken
        );

        Assert.Equal(known, edition.Tag);
    }

    [Fact]
    public async Task Disk_ThatTakesNoVersion_HoldsTheEditionBack()
    {
        var publisher = Open();
        var before = publisher.Current.Tag;
        publisher.Start();
        // A directory where the file belongs: nothing can be renamed over it.
        File.Delete(_data["published"]);
        Directory.CreateDirectory(_data["published"]);
        _catalog.Swap(_catalog.Current.With(new CatalogEntry(Definitions.Running("test-7", 100))));
        publisher.Notify();
        await Wait.UntilAsync(() => _log.Ids.Contains(701), () => string.Join('\n', _log.All));
        Assert.Equal(before, publisher.Current.Tag);

        Directory.Delete(_data["published"]);

        var next = await publisher.WaitAsync(
            tag => tag == before,
            Wait.Limit,
            TestContext.Current.CancellationToken
        );
        Assert.Equal(before.Version + 1, next.Tag.Version);
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
        var before = publisher.Current.Tag;
        _catalog.Swap(_catalog.Current.With(new CatalogEntry(Definitions.Running("test-7", weight))));
        publisher.Notify();
        return await publisher.WaitAsync(tag => tag == before, Wait.Limit, TestContext.Current.CancellationToken);
    }

    private CatalogPublisher Open()
    {
        var publisher = new CatalogPublisher(
            _data.Path,
            Definitions.Secret,
            _catalog,
            KeyRing.WithoutFile(TimeProvider.System),
            VerdictRuleOptions.Default,
            TimeProvider.System,
            _log
        );
        _publishers.Add(publisher);
        return publisher;
    }
}
