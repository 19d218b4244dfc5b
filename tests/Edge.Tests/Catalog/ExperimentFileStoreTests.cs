using System.Diagnostics;
using System.Text;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Tests.Experiments;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Catalog;

public sealed class ExperimentFileStoreTests : IDisposable
{
    private readonly TempDirectory _temp = new();
    private readonly TestClock _clock = new(DateTimeOffset.UnixEpoch);
    private readonly List<ExperimentFileProblem> _reported = [];
    private ExperimentFileStore? _store;

    private string Directory => _temp["experiments"];

    private ExperimentFileStore Store =>
        _store ??= ExperimentFileStore.Open(Directory, ExperimentRules.Default, _clock, _reported.Add);

    public void Dispose()
    {
        _store?.Dispose();
        _temp.Dispose();
    }

    [Fact]
    public void Open_DirectoryMissing_IsCreatedEmpty()
    {
        Assert.Empty(Store.Catalog.Current.Entries);
        Assert.True(System.IO.Directory.Exists(Directory));
        Assert.Empty(Store.Problems);
    }

    [Fact]
    public void Watch_AddedChangedAndRemovedFile_IsInTheCatalogWithinASecond()
    {
        Store.StartWatching();

        Put("one.json", Definition("exp_1", "slug-one"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Store.Catalog.Current.TryFind("slug-one", out _));

        Put("one.json", Definition("exp_1", "slug-two"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(Store.Catalog.Current.TryFind("slug-one", out _));
        Assert.True(Store.Catalog.Current.TryFind("slug-two", out _));

        File.Delete(PathOf("one.json"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(Store.Catalog.Current.Entries);
        Assert.Empty(_reported);
    }

    /// <summary>However many files there are, looking at a directory where nothing happens costs next to nothing.</summary>
    [Fact]
    public void Watch_NothingHappens_DoesNotLookAtTheFiles()
    {
        const int Looks = 400;
        for (var i = 0; i < 2_000; i++)
        {
            Put($"{i}.json", Definition($"exp_{i}", $"slug-{i}"));
        }

        _clock.Advance(DateTimeOffset.UtcNow.AddHours(1) - DateTimeOffset.UnixEpoch);
        Store.StartWatching();
        // A busy machine may make any one measurement slow; if every look were a scan, none would ever do.
        var measured = Enumerable.Range(0, 20).Select(_ => Measure()).ToArray();
        Assert.Contains(measured, static one => one.Looks < one.Scan * (Looks / 4));
        Put("1.json", Definition("exp_1", "slug-changed"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Store.Catalog.Current.TryFind("slug-changed", out _));

        (TimeSpan Scan, TimeSpan Looks) Measure()
        {
            var scan = Stopwatch.StartNew();
            Store.Refresh();
            scan.Stop();
            var looks = Stopwatch.StartNew();
            _clock.Advance(TimeSpan.FromMilliseconds(Looks * ExperimentFileStore.PollIntervalMs));
            return (scan.Elapsed, looks.Elapsed);
        }
    }

    /// <summary>What the kernel does not tell of is found all the same, only later.</summary>
    [Fact]
    public void Watch_FileChangedUnderAnotherName_IsFoundByTheNextScan()
    {
        Put("one.json", Definition("exp_1", "slug-one"));
        using (var link = Process.Start("ln", [PathOf("one.json"), _temp["other"]]))
        {
            link.WaitForExit();
        }

        _clock.Advance(DateTimeOffset.UtcNow.AddHours(1) - DateTimeOffset.UnixEpoch);
        Store.StartWatching();
        _clock.Advance(TimeSpan.FromSeconds(1));
        File.WriteAllText(_temp["other"], Definition("exp_1", "slug-two"));
        _clock.Advance(TimeSpan.FromMilliseconds(ExperimentFileStore.ScanIntervalMs));

        Assert.True(Store.Catalog.Current.TryFind("slug-two", out _));
    }

    [Fact]
    public void Refresh_NothingChanged_KeepsTheCatalog()
    {
        Put("one.json", Definition("exp_1", "slug-one"));
        var catalog = Store.Catalog.Current;

        Store.Refresh();

        Assert.Same(catalog, Store.Catalog.Current);
    }

    [Fact]
    public void Refresh_OneFileChanged_SharesTheOtherEntries()
    {
        Put("one.json", Definition("exp_1", "slug-one"));
        Put("two.json", Definition("exp_2", "slug-two"));
        Assert.True(Store.Catalog.Current.TryFind("slug-one", out var before));

        Put("two.json", Definition("exp_2", "slug-three"));
        Store.Refresh();

        Assert.True(Store.Catalog.Current.TryFind("slug-one", out var after));
        Assert.Same(before, after);
    }

    [Fact]
    public void Refresh_SameLengthAndSameTime_IsStillSeen()
    {
        Put("one.json", Definition("exp_1", "slug-one"));
        var modified = File.GetLastWriteTimeUtc(PathOf("one.json"));
        Assert.True(Store.Catalog.Current.TryFind("slug-one", out _));

        // A second change within one tick of the file system's clock.
        Put("one.json", Definition("exp_1", "slug-two"));
        File.SetLastWriteTimeUtc(PathOf("one.json"), modified);
        Store.Refresh();

        Assert.True(Store.Catalog.Current.TryFind("slug-two", out _));
    }

    [Fact]
    public void Refresh_FileTurnsBad_KeepsTheLastGoodVersionAndReportsOnce()
    {
        Put("one.json", Definition("exp_1", "slug-one"));
        _ = Store;

        Put("one.json", Definition("exp_1", "slug-one").Replace("5000", "4000", StringComparison.Ordinal));
        Store.Refresh();
        Store.Refresh();

        Assert.True(Store.Catalog.Current.TryFind("slug-one", out var entry));
        Assert.Equal(5000, entry.Variants[0].Weight);
        var problem = Assert.Single(Store.Problems);
        Assert.Equal(("one.json", "variants"), (problem.File, problem.Field));
        Assert.Contains("10000", problem.Reason, StringComparison.Ordinal);
        Assert.Equal([problem], _reported);
    }

    [Fact]
    public void Refresh_BadFileMended_ClearsTheProblem()
    {
        Put("one.json", "{");
        Assert.Single(Store.Problems);

        Put("one.json", Definition("exp_1", "slug-one"));
        Store.Refresh();

        Assert.Empty(Store.Problems);
        Assert.True(Store.Catalog.Current.TryFind("slug-one", out _));
    }

    [Fact]
    public void Refresh_BadFileGoesBackToTheSameBytes_ClearsTheProblem()
    {
        var good = Definition("exp_1", "slug-one");
        Put("one.json", good);
        _ = Store;
        Put("one.json", "");
        Store.Refresh();
        Assert.Single(Store.Problems);

        Put("one.json", good);
        Store.Refresh();

        Assert.Empty(Store.Problems);
        Assert.True(Store.Catalog.Current.TryFind("slug-one", out _));
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("{\n\"uid\": }", "line 2")]
    [InlineData("[]", "object")]
    [InlineData("\u0000\u0001", "line 1")]
    public void Open_BadFile_IsAProblemAndNoMore(string text, string reason)
    {
        Put("bad.json", text);
        Put("good.json", Definition("exp_1", "slug-one"));

        Assert.Single(Store.Catalog.Current.Entries);
        var problem = Assert.Single(Store.Problems);
        Assert.Equal("bad.json", problem.File);
        Assert.Contains(reason, problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_FileOverTheLimit_IsNotRead()
    {
        Put("big.json", Definition("exp_1", "slug-one") + new string(' ', ExperimentFile.BytesMax));

        Assert.Empty(Store.Catalog.Current.Entries);
        Assert.Contains("1048576", Assert.Single(Store.Problems).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_Pipe_IsAProblemAndDoesNotBlock()
    {
        System.IO.Directory.CreateDirectory(Directory);
        using (var process = System.Diagnostics.Process.Start("mkfifo", PathOf("pipe.json")))
        {
            process.WaitForExit();
        }

        Assert.Equal("pipe.json", Assert.Single(Store.Problems).File);
    }

    [Fact]
    public void Open_OtherNames_AreIgnored()
    {
        Put("README.md", "text");
        Put("one.json~", "{");
        Put(".hidden.json", "{");
        System.IO.Directory.CreateDirectory(PathOf("folder.json"));

        Assert.Empty(Store.Catalog.Current.Entries);
        Assert.Empty(Store.Problems);
    }

    [Fact]
    public void Open_LeftoverOfACrashedWrite_IsRemoved()
    {
        Put(".0123.edge-tmp", "{\"half\":");

        _ = Store;

        Assert.Empty(System.IO.Directory.GetFiles(Directory));
    }

    [Fact]
    public void Refresh_SymbolicLinkToAReplacedFile_IsFollowed()
    {
        // How mounted configuration maps are updated: the link stays, what it leads through is swapped.
        var versions = new[] { "v1", "v2" };
        foreach (var version in versions)
        {
            System.IO.Directory.CreateDirectory(_temp[version]);
            File.WriteAllText(_temp[version, "one.json"], Definition("exp_1", $"slug-{version}"));
        }
        File.SetLastWriteTimeUtc(_temp["v1", "one.json"], DateTime.UnixEpoch.AddYears(-2));
        File.SetLastWriteTimeUtc(_temp["v2", "one.json"], DateTime.UnixEpoch.AddYears(-1));
        System.IO.Directory.CreateDirectory(Directory);
        File.CreateSymbolicLink(_temp["data"], _temp["v1"]);
        File.CreateSymbolicLink(PathOf("one.json"), _temp["data", "one.json"]);
        Assert.True(Store.Catalog.Current.TryFind("slug-v1", out _));

        File.Delete(_temp["data"]);
        File.CreateSymbolicLink(_temp["data"], _temp["v2"]);
        Store.Refresh();

        Assert.True(Store.Catalog.Current.TryFind("slug-v2", out _));
    }

    [Fact]
    public void Refresh_LinkThatLeadsNowhere_IsAProblem()
    {
        System.IO.Directory.CreateDirectory(Directory);
        File.CreateSymbolicLink(PathOf("a.json"), _temp["missing"]);
        File.CreateSymbolicLink(PathOf("b.json"), PathOf("b.json"));

        Assert.Equal(
            ["a.json", "b.json"],
            Store.Problems.Select(problem => problem.File).Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("exp_2", "slug-one", "slug")]
    [InlineData("exp_1", "slug-two", "uid")]
    public void Open_SameUidOrSlug_SecondFileIsAProblem(string uid, string slug, string field)
    {
        Put("a.json", Definition("exp_1", "slug-one"));
        Put("b.json", Definition(uid, slug));

        var entry = Assert.Single(Store.Catalog.Current.Entries);
        Assert.Equal(("exp_1", "slug-one"), (entry.Experiment.Uid, entry.Experiment.Slug));
        var problem = Assert.Single(Store.Problems);
        Assert.Equal(("b.json", field), (problem.File, problem.Field));
        Assert.Contains("a.json", problem.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("older experiment", "b.json", "2026-01-01", "a.json", "exp_2", "2026-01-02", "exp_1")]
    [InlineData("older experiment comes later", "a.json", "2026-01-02", "b.json", "exp_2", "2026-01-01", "exp_2")]
    [InlineData("copy whose name sorts first", "exp_1.json", "2026-01-01", "a.json", "exp_1", "2026-01-01", "exp_1")]
    [InlineData("copy of a file named after its slug", "slug-one.json", "2026-01-01", "a.json", "exp_2", "2026-01-01", "exp_1")]
    [InlineData("copy with another uid", "exp_1.json", "2026-01-01", "a.json", "exp_2", "2026-01-01", "exp_1")]
    public void Refresh_FilesWithOneSlug_HaveTheSameWinnerAsARestart(
        string row,
        string first,
        string firstCreated,
        string second,
        string secondUid,
        string secondCreated,
        string winner
    )
    {
        Put(first, Created("exp_1", firstCreated));
        _ = Store;

        Put(second, Created(secondUid, secondCreated));
        Store.Refresh();
        using var restarted = ExperimentFileStore.Open(Directory, ExperimentRules.Default, _clock, _ => { });

        var loser = winner == "exp_1" ? second : first;
        foreach (var store in new[] { Store, restarted })
        {
            Assert.True(winner == Assert.Single(store.Catalog.Current.Entries).Experiment.Uid, row);
            Assert.Equal(loser, Assert.Single(store.Problems).File);
        }

        static string Created(string uid, string day) =>
            Definition(uid, "slug-one").TrimStart().Insert(1, $"\"createdAt\":\"{day}T00:00:00Z\",");
    }

    [Fact]
    public void Refresh_ChangeToATakenSlug_KeepsTheOldVersionUntilItIsFree()
    {
        Put("a.json", Definition("exp_1", "slug-one"));
        Put("b.json", Definition("exp_2", "slug-two"));
        _ = Store;

        Put("b.json", Definition("exp_2", "slug-one"));
        Store.Refresh();
        Assert.True(Store.Catalog.Current.TryFind("slug-two", out var kept));
        Assert.Equal("exp_2", kept.Experiment.Uid);
        Assert.Single(Store.Problems);

        File.Delete(PathOf("a.json"));
        Store.Refresh();
        Assert.True(Store.Catalog.Current.TryFind("slug-one", out var moved));
        Assert.Equal("exp_2", moved.Experiment.Uid);
        Assert.Empty(Store.Problems);
    }

    [Fact]
    public void Refresh_TwoFilesSwapSlugs_BothFollow()
    {
        Put("a.json", Definition("exp_1", "slug-one"));
        Put("b.json", Definition("exp_2", "slug-two"));
        _ = Store;

        Put("a.json", Definition("exp_1", "slug-two"));
        Put("b.json", Definition("exp_2", "slug-one"));
        Store.Refresh();

        Assert.True(Store.Catalog.Current.TryFind("slug-one", out var entry));
        Assert.Equal("exp_2", entry.Experiment.Uid);
        Assert.Empty(Store.Problems);
    }

    [Fact]
    public void Refresh_FileRenamed_KeepsServing()
    {
        Put("a.json", Definition("exp_1", "slug-one"));
        _ = Store;

        File.Move(PathOf("a.json"), PathOf("z.json"));
        Store.Refresh();

        Assert.True(Store.Catalog.Current.TryFind("slug-one", out _));
        Assert.Empty(Store.Problems);
    }

    [Fact]
    public void Refresh_ArchivedExperiment_FreesItsSlug()
    {
        Put("a.json", Definitions.With("status", "\"archived\"", Definition("exp_1", "slug-one")));
        Put("b.json", Definition("exp_2", "slug-one"));

        Assert.True(Store.Catalog.Current.TryFind("slug-one", out var entry));
        Assert.Equal("exp_2", entry.Experiment.Uid);
        Assert.True(Store.Catalog.Current.TryFindByUid("exp_1", out _));
        Assert.Empty(Store.Problems);
    }

    [Fact]
    public void Refresh_DirectoryTakenAway_ServesOnAndReports()
    {
        Put("a.json", Definition("exp_1", "slug-one"));
        _ = Store;

        System.IO.Directory.Move(Directory, _temp["elsewhere"]);
        Store.Refresh();
        Assert.True(Store.Catalog.Current.TryFind("slug-one", out _));
        Assert.Contains("directory", Assert.Single(Store.Problems).Reason, StringComparison.Ordinal);

        System.IO.Directory.Move(_temp["elsewhere"], Directory);
        Store.Refresh();
        Assert.True(Store.Catalog.Current.TryFind("slug-one", out _));
        Assert.Empty(Store.Problems);
    }

    [Fact]
    public void Write_NewExperiment_IsServedAtOnceAndStored()
    {
        var experiment = Definitions.Experiment(Definitions.Full);

        Assert.Equal(ExperimentWriteResult.Written, Store.Write(experiment, current: null));

        Assert.True(Store.Catalog.Current.TryFindByUid(experiment.Uid, out var entry));
        Assert.Same(experiment, entry.Experiment);
        using var reopened = ExperimentFileStore.Open(Directory, ExperimentRules.Default, _clock, _reported.Add);
        Assert.True(reopened.Catalog.Current.TryFind("full-test", out _));
        Assert.Equal([PathOf("exp_Full-1_x.json")], System.IO.Directory.GetFiles(Directory));
    }

    [Fact]
    public void Write_OwnFile_IsNotTakenForAChange()
    {
        Store.Write(Definitions.Experiment(Definitions.Minimal), current: null);
        var catalog = Store.Catalog.Current;

        Store.Refresh();

        Assert.Same(catalog, Store.Catalog.Current);
    }

    [Fact]
    public void Write_ChangeOfAHandNamedFile_KeepsItsName()
    {
        Put("by-hand.json", Definition("exp_1", "slug-one"));
        Assert.True(Store.Catalog.Current.TryFind("slug-one", out var entry));

        var result = Store.Write(entry.Experiment with { Name = "Renamed" }, entry.Experiment);

        Assert.Equal(ExperimentWriteResult.Written, result);
        Assert.Contains("\"Renamed\"", File.ReadAllText(PathOf("by-hand.json")), StringComparison.Ordinal);
        Assert.Single(System.IO.Directory.GetFiles(Directory));
    }

    [Fact]
    public void Write_StartedFromAnOlderVersion_IsStale()
    {
        var first = Definitions.Experiment(Definitions.Minimal);
        Store.Write(first, current: null);
        var second = first with { Name = "Second" };
        Store.Write(second, first);

        Assert.Equal(ExperimentWriteResult.Stale, Store.Write(first with { Name = "Late" }, first));
        Assert.Equal(ExperimentWriteResult.UidInUse, Store.Write(first, current: null));
        Assert.True(Store.Catalog.Current.TryFindByUid(first.Uid, out var entry));
        Assert.Equal("Second", entry.Experiment.Name);
    }

    [Fact]
    public void Write_TakenSlug_IsRefused()
    {
        var first = Definitions.Experiment(Definitions.Minimal);
        Store.Write(first, current: null);

        Assert.Equal(ExperimentWriteResult.SlugInUse, Store.Write(first with { Uid = "exp_other" }, current: null));
        Assert.Single(System.IO.Directory.GetFiles(Directory));
    }

    [Fact]
    public void Write_NameHeldByABadFile_DoesNotOverwriteIt()
    {
        Put("exp_abc123.json", "{ somebody's work");
        _ = Store;

        Assert.Equal(
            ExperimentWriteResult.UidInUse,
            Store.Write(Definitions.Experiment(Definitions.Minimal), current: null)
        );
        Assert.Equal("{ somebody's work", File.ReadAllText(PathOf("exp_abc123.json")));
    }

    [Fact]
    public void Write_DiskRefuses_ChangesNothing()
    {
        _ = Store;
        System.IO.Directory.Delete(Directory);

        Assert.ThrowsAny<IOException>(() => Store.Write(Definitions.Experiment(Definitions.Minimal), current: null));
        Assert.Empty(Store.Catalog.Current.Entries);
    }

    [Fact]
    public async Task Write_FromManyThreads_EachVersionIsWonByOne()
    {
        var created = Definitions.Experiment(Definitions.Minimal);
        Store.Write(created, current: null);
        var written = 0;

        await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(thread =>
                    Task.Run(
                        () =>
                        {
                            for (var i = 0; i < 25; i++)
                            {
                                Store.Catalog.Current.TryFindByUid(created.Uid, out var entry);
                                var next = entry!.Experiment with
                                {
                                    MinimumRunDays = entry.Experiment.MinimumRunDays + 1,
                                };
                                if (Store.Write(next, entry.Experiment) == ExperimentWriteResult.Written)
                                {
                                    Interlocked.Increment(ref written);
                                }
                                Store.Refresh();
                            }
                        },
                        TestContext.Current.CancellationToken
                    )
                )
        );

        Store.Catalog.Current.TryFindByUid(created.Uid, out var last);
        Assert.Equal(created.MinimumRunDays + written, last!.Experiment.MinimumRunDays);
        Assert.Single(System.IO.Directory.GetFiles(Directory));
    }

    [Fact]
    public void CatalogChanged_IsRaisedWithEachNewCatalog()
    {
        var versions = new List<long>();
        Store.CatalogChanged += catalog => versions.Add(catalog.Version);

        Put("one.json", Definition("exp_1", "slug-one"));
        Store.Refresh();
        Store.Refresh();
        Store.Write(Definitions.Experiment(Definitions.Full), current: null);

        Assert.Equal(2, versions.Count);
        Assert.True(versions[1] > versions[0]);
    }

    [Fact]
    public void Demo_EmptyDirectory_GetsRunningExperimentsOnce()
    {
        Assert.True(DemoExperiments.WriteIfEmpty(Directory, _clock));
        Assert.False(DemoExperiments.WriteIfEmpty(Directory, _clock));

        Assert.Empty(Store.Problems);
        Assert.Equal(4, Store.Catalog.Current.Entries.Count);
        Assert.All(Store.Catalog.Current.Entries, entry => Assert.True(entry.IsRunning));
        Assert.True(Store.Catalog.Current.TryFind(DemoExperiments.AbSlug, out var ab));
        Assert.Equal("https://example.com/landing", ab.Variants[1].Target!.Constant.ToString());
        Assert.Equal(["a", "b"], ab.Experiment.Variants.Select(variant => variant.Id));
        Assert.True(Store.Catalog.Current.TryFind(DemoExperiments.SmartSlug, out var smart));
        Assert.Equal(2, smart.DefaultIndex);
        Assert.True(Store.Catalog.Current.TryFind(DemoExperiments.ScheduleSlug, out _));
    }

    [Fact]
    public void Demo_DirectoryWithAFile_IsLeftAlone()
    {
        Put("notes.txt", "mine");

        Assert.False(DemoExperiments.WriteIfEmpty(Directory, _clock));
        Assert.Single(System.IO.Directory.GetFiles(Directory));
    }

    private static string Definition(string uid, string slug) =>
        Definitions
            .Minimal.Replace("exp_abc123", uid, StringComparison.Ordinal)
            .Replace("homepage-hero-test", slug, StringComparison.Ordinal);

    private string PathOf(string name) => Path.Combine(Directory, name);

    private void Put(string name, string text)
    {
        System.IO.Directory.CreateDirectory(Directory);
        File.WriteAllBytes(PathOf(name), Encoding.UTF8.GetBytes(text));
    }
}
