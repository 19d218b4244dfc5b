using Edge.Enrichment.Geo;
using Edge.Tests.Support;
using Xunit;
using static Edge.Tests.Support.GeoFileWriter;

namespace Edge.Tests.Enrichment.Geo;

/// <summary>The file under the service: missing, replaced, spoiled, and replaced under load.</summary>
public sealed class GeoDatabaseTests : IDisposable
{
    private const int Taken = 400;
    private const int Missing = 401;
    private const int Refused = 402;
    private static readonly TimeSpan TwoLooks = TimeSpan.FromSeconds(2);

    private readonly TempDirectory _directory = new();
    private readonly TestClock _clock = new(DateTimeOffset.UnixEpoch);
    private readonly LogLines _log = new();

    private string FilePath => _directory["geo.mmdb"];

    [Fact]
    public void Find_NothingConfigured_KnowsNothingAndCountsNothing()
    {
        using var database = GeoDatabase.Open("", _clock, _log);

        Assert.Equal("|||", Place(database));
        Assert.All(GeoDatabase.Outcomes, outcome => Assert.Equal(0, database.Lookups(outcome)));
        Assert.Empty(_log.All);
    }

    [Fact]
    public void Find_FileMissing_CountsAndTakesItWhenItComes()
    {
        using var database = Watch();

        Assert.Equal("|||", Place(database));
        Assert.Equal(1, database.Lookups(LookupOutcome.NoDatabase));
        Replace(File("DE"));
        _clock.Advance(TwoLooks);

        Assert.Equal("DE|||", Place(database));
        Assert.Equal(1, database.Lookups(LookupOutcome.Found));
        Assert.Equal([Missing, Taken], _log.Ids);
    }

    [Fact]
    public void Find_Outcomes_AreCounted()
    {
        var writer = new GeoFileWriter();
        var itself = writer.WriteRaw(Pointer(0));
        Replace(writer.Add("192.0.2.0/24", Country("DE")).AddOffset("198.51.100.0/24", itself).Build());
        using var database = Watch();

        foreach (var address in new[] { "192.0.2.1", "192.0.2.2", "203.0.113.1", "198.51.100.1" })
        {
            var (bits, isV4) = Support.Geo.Parse(address);
            database.Find(bits, isV4);
            database.FindCountry(bits, isV4);
        }

        Assert.Equal(
            (4, 2, 2),
            (
                database.Lookups(LookupOutcome.Found),
                database.Lookups(LookupOutcome.Absent),
                database.Lookups(LookupOutcome.Damaged)
            )
        );
    }

    [Fact]
    public void Refresh_FileReplaced_ServesTheNewOne()
    {
        Replace(File("DE"));
        using var database = Watch();
        Assert.Equal("DE|||", Place(database));

        // Same length and modification time: only the inode tells.
        var modified = System.IO.File.GetLastWriteTimeUtc(FilePath);
        Replace(File("FR"), modified);
        _clock.Advance(TwoLooks);

        Assert.Equal("FR|||", Place(database));
        Assert.Equal([Taken, Taken], _log.Ids);
    }

    [Fact]
    public void Refresh_FileStillBeingWritten_IsNotTakenYet()
    {
        Replace(File("DE"));
        using var database = Watch();
        Replace(File("FR"));
        database.Refresh();
        Replace(File("US"));
        database.Refresh();

        Assert.Equal("DE|||", Place(database));
        database.Refresh();
        Assert.Equal("US|||", Place(database));
    }

    [Theory]
    [InlineData("cut short", 0.9)]
    [InlineData("cut to its tree", 0.2)]
    [InlineData("empty", 0)]
    public void Refresh_BadReplacement_KeepsTheOldOneAndSaysSoOnce(string row, double share)
    {
        Replace(File("DE"));
        using var database = Watch();
        var bad = File("FR");

        // In place, as a careless copy does.
        System.IO.File.WriteAllBytes(FilePath, bad[..(int)(bad.Length * share)]);
        for (var i = 0; i < 10; i++)
        {
            _clock.Advance(TwoLooks);
        }

        Assert.True(Place(database) == "DE|||", row);
        Assert.Equal([Taken, Refused], _log.Ids);
        Assert.Contains("metadata", _log.All[1].Text, StringComparison.Ordinal);
        Replace(File("US"));
        _clock.Advance(TwoLooks);
        Assert.Equal("US|||", Place(database));
    }

    [Fact]
    public void Refresh_FileRemoved_KeepsTheOldOne()
    {
        Replace(File("DE"));
        using var database = Watch();

        System.IO.File.Delete(FilePath);
        for (var i = 0; i < 5; i++)
        {
            _clock.Advance(TwoLooks);
        }

        Assert.Equal("DE|||", Place(database));
        Assert.Equal([Taken, Refused], _log.Ids);
    }

    [Fact]
    public void Open_DirectoryInPlaceOfAFile_IsReported()
    {
        Directory.CreateDirectory(FilePath);

        using var database = Watch();

        Assert.Equal("|||", Place(database));
        Assert.Equal([Missing], _log.Ids);
    }

    [Fact]
    public async Task Refresh_UnderLoad_DropsNoLookup()
    {
        Replace(File("DE"));
        using var database = Watch();
        using var stop = new CancellationTokenSource();
        using var started = new CountdownEvent(2);
        var (bits, isV4) = Support.Geo.Parse("192.0.2.1");
        var readers = Enumerable
            .Range(0, 2)
            .Select(_ =>
                Task.Run(() =>
                {
                    var lookups = 0L;
                    for (; !stop.IsCancellationRequested; lookups++)
                    {
                        var place = database.Find(bits, isV4);
                        if (lookups == 0)
                        {
                            started.Signal();
                        }

                        if (place.Country.Text is not ("DE" or "FR"))
                        {
                            throw new InvalidOperationException($"lookup {lookups} found '{place.Country.Text}'");
                        }
                    }
                    return lookups;
                })
            )
            .ToArray();

        Assert.True(started.Wait(TimeSpan.FromSeconds(30)));
        for (var i = 0; i < 50; i++)
        {
            Replace(i % 5 == 4 ? [1, 2, 3] : File(i % 2 == 0 ? "FR" : "DE"));
            _clock.Advance(TwoLooks);
            Place(database);
        }
        await stop.CancelAsync();
        var counts = await Task.WhenAll(readers);

        Assert.All(counts, count => Assert.True(count > 0));
        Assert.Equal(counts.Sum() + 50, database.Lookups(LookupOutcome.Found));
        Assert.Equal(41, _log.Ids.Count(id => id == Taken));
    }

    public void Dispose() => _directory.Dispose();

    private GeoDatabase Watch()
    {
        var database = GeoDatabase.Open(FilePath, _clock, _log);
        database.StartWatching();
        return database;
    }

    private void Replace(byte[] bytes, DateTime? modified = null)
    {
        var beside = FilePath + ".new";
        System.IO.File.WriteAllBytes(beside, bytes);
        if (modified is { } time)
        {
            System.IO.File.SetLastWriteTimeUtc(beside, time);
        }

        System.IO.File.Move(beside, FilePath, overwrite: true);
    }

    private static byte[] File(string country) => new GeoFileWriter().Add("192.0.2.0/24", Country(country)).Build();

    private static string Place(GeoDatabase database)
    {
        var (bits, isV4) = Support.Geo.Parse("192.0.2.1");
        return Support.Geo.Text(database.Find(bits, isV4));
    }
}
