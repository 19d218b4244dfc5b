using Edge.Catalog;
using Edge.Experiments;
using Edge.Tests.Experiments;
using Xunit;

namespace Edge.Tests.Catalog;

public class CatalogTests
{
    [Fact]
    public void TryFind_Slug_IsExactAndCaseSensitive()
    {
        var catalog = new ExperimentCatalog([new CatalogEntry(Definitions.Experiment(Definitions.Minimal))], 1);

        Assert.True(catalog.TryFind("xhomepage-hero-testx".AsSpan(1, 18), out var entry));
        Assert.Equal("exp_abc123", entry.Experiment.Uid);
        Assert.False(catalog.TryFind("Homepage-hero-test", out _));
        Assert.False(catalog.TryFind("homepage-hero", out _));
        Assert.False(catalog.TryFind("", out _));
        Assert.False(ExperimentCatalog.Empty.TryFind("homepage-hero-test", out _));
    }

    [Fact]
    public void TryFind_TenThousandExperiments_AllocatesNothing()
    {
        var experiment = Definitions.Experiment(Definitions.Minimal);
        var entries = Enumerable
            .Range(0, 10_000)
            .Select(i => new CatalogEntry(experiment with { Uid = $"exp_{i}", Slug = $"slug-{i}" }))
            .ToArray();
        var catalog = new ExperimentCatalog(entries, 1);
        for (var i = 0; i < 10_000; i++)
        {
            Assert.True(catalog.TryFind($"slug-{i}", out var entry));
            Assert.Same(entries[i], entry);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        var found = 0;
        for (var i = 0; i < 1000; i++)
        {
            found += catalog.TryFind("slug-9999", out _) ? 1 : 0;
            found += catalog.TryFind("slug-none", out _) ? 1 : 0;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1000, found);
    }

    [Fact]
    public async Task Entry_ThatManyAskForAtOnce_IsCompiledOnceForAll()
    {
        var experiment = Definitions.Experiment(Definitions.Minimal);
        var names = new ExperimentNames(experiment.Uid, experiment.Slug, IsArchived: false, GoalEvent: null, MayBeLimited: false);
        var catalog = ExperimentCatalog.OfLazy([new LazyEntry(names, () => new CatalogEntry(experiment))], 1);

        var found = await Task.WhenAll(
            Enumerable.Range(0, 64).Select(_ => Task.Run(() => catalog.TryFind(experiment.Slug, out var entry) ? entry : null))
        );

        Assert.Equal(1, catalog.Count);
        Assert.Single(found.Distinct());
        Assert.True(catalog.TryFindByUid(experiment.Uid, out var byUid));
        Assert.Same(byUid, found[0]);
        Assert.Same(byUid, Assert.Single(catalog.Entries));
    }

    /// <summary>
    /// Added, renamed, archived and changed in place, three hundred times over, against plain dictionaries.
    /// </summary>
    [Fact]
    public void With_RandomChanges_IsTheCatalogOfAllOfThem()
    {
        var random = new Random(9);
        var minimal = Definitions.Experiment(Definitions.Minimal);
        var byUid = new Dictionary<string, CatalogEntry>();
        var catalog = new ExperimentCatalog([], 7);
        for (var change = 1; change <= 300; change++)
        {
            var (uid, slug) = ($"exp_{random.Next(200)}", $"slug-{random.Next(300)}");
            var holder = byUid.Values.FirstOrDefault(entry =>
                entry.Status != ExperimentStatus.Archived
                && entry.Experiment.Slug == slug
                && entry.Experiment.Uid != uid
            );
            var status =
                holder is not null || random.Next(5) == 0 ? ExperimentStatus.Archived : ExperimentStatus.Running;
            var before = catalog;
            var next = new CatalogEntry(minimal with { Uid = uid, Slug = slug, Status = status });
            var wasThere = before.TryFindByUid(uid, out var old);

            catalog = before.With(next);
            byUid[uid] = next;

            Assert.Equal(7 + change, catalog.Version);
            Assert.Equal(wasThere, before.TryFindByUid(uid, out var still));
            Assert.Same(old, still);
            Assert.Equal(byUid.Values.ToHashSet(), catalog.Entries.ToHashSet());
            foreach (var entry in byUid.Values)
            {
                Assert.True(catalog.TryFindByUid(entry.Experiment.Uid, out var same) && same == entry);
            }
            for (var i = 0; i < 300; i++)
            {
                var expected = byUid.Values.FirstOrDefault(entry =>
                    entry.Experiment.Slug == $"slug-{i}" && entry.Status != ExperimentStatus.Archived
                );
                _ = catalog.TryFind($"slug-{i}", out var found);
                Assert.Same(expected, found);
            }
        }
    }

    [Fact]
    public void Entry_Full_IsCompiledForServing()
    {
        var entry = new CatalogEntry(Definitions.Experiment(Definitions.Full));

        Assert.Equal("exp_Full-1_x"u8, entry.UidUtf8);
        Assert.Equal("full-test"u8, entry.SlugUtf8);
        Assert.Equal("variant_B"u8, entry.Variants[1].IdUtf8);
        Assert.Equal(0, entry.DefaultIndex);
        Assert.Equal(1, entry.WinnerIndex);
        Assert.Equal("https://example.com/a?utm_x=1", entry.Variants[0].Target!.Complete("?utm_x=1&x=2", "").ToString());
        Assert.Equal("https://example.com/landing", entry.Variants[1].Target!.Complete("", "").ToString());
        Assert.False(entry.HasOneDestination);
        Assert.Equal("team-1", entry.Team);
        Assert.Equal(7, entry.WeightsVersion);
        Assert.Equal(1, entry.IndexOf("variant_B"));
        Assert.Equal(-1, entry.IndexOf("variant_b"));
        Assert.False(entry.IsRunning);
        Assert.True(entry.IsServed);
    }

    [Fact]
    public void Entry_Minimal_HasNoWinnerAndNoLocation()
    {
        var entry = new CatalogEntry(Definitions.Experiment(Definitions.Minimal));

        Assert.Equal((0, -1, 0), (entry.DefaultIndex, entry.WinnerIndex, entry.Variants.Length - 2));
        Assert.False(entry.HasDestination);
        Assert.False(entry.IsServed);
    }

    [Fact]
    public void Entry_DefaultThatIsNotFirst_IsFound()
    {
        var json = Definitions.With("variants.1.isDefault", "true");

        Assert.Equal(1, new CatalogEntry(Definitions.Experiment(json)).DefaultIndex);
    }

    [Theory]
    [InlineData("draft", false, false)]
    [InlineData("running", true, true)]
    [InlineData("paused", false, true)]
    [InlineData("completed", false, true)]
    [InlineData("archived", false, false)]
    public void Entry_Status_DecidesWhatIsServedAndCounted(string status, bool isRunning, bool isServed)
    {
        var entry = new CatalogEntry(Definitions.Experiment(Definitions.With("status", $"\"{status}\"")));

        Assert.Equal((isRunning, isServed), (entry.IsRunning, entry.IsServed));
    }
}
