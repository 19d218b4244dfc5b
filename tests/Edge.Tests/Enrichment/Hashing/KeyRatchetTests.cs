using System.Text;
using Edge.Enrichment.Hashing;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Enrichment.Hashing;

/// <summary>
/// The chain of keys: published vectors (made with another implementation of HKDF and HMAC), midnight, clocks that
/// jump, erasure, and the file.
/// </summary>
public sealed class KeyRatchetTests : IDisposable
{
    private const string FirstKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    private const string SecondKey = "d9a515ae7354904440f1b60885db4865d856569820f092bf505ea78ee55a33e8";
    private const string Hash15 = "aeaaccfd9aca1d3c434b364d329a7008";
    private const string Hash16 = "50e6d1bec6b3917fe2caca7fb29bdacb";
    private const string Hash17 = "9345c833019861b7c12090ea79efe3d2";
    private const string Hash18 = "0a7a43120392226b3eff8f3eabc79af2";
    private const string Unit15 = "6f3829a4cdc901d0";
    private const string Unit16 = "61aaf2f2f8bbd079";
    private const string Unit17 = "65122c4c7bebf9c1";

    private static readonly DateTimeOffset Day16 = new(2026, 5, 16, 12, 0, 0, TimeSpan.Zero);

    private readonly TempDirectory _directory = new();
    private readonly TestClock _clock = new(Day16);
    private readonly LogLines _log = new();

    private string KeyPath => _directory["keys", "address-ratchet"];

    [Fact]
    public void Hashes_OfAKnownKey_AreTheVectors()
    {
        using var ratchet = OpenKnown();

        Assert.Equal(Hash16, Address(ratchet, Day16));
        Assert.Equal(Unit16, Unit(ratchet, Day16));
        Assert.Equal(Unit15, Previous(ratchet, Day16));
        Assert.Equal(Hash17, Address(ratchet, Day16.AddDays(1)));
        Assert.Equal(Unit17, Unit(ratchet, Day16.AddDays(1)));
        Assert.Equal(Unit16, Previous(ratchet, Day16.AddDays(1)));
        Assert.Equal(Hash18, Address(ratchet, Day16.AddDays(2)));
    }

    [Fact]
    public void Hashes_AtMidnight_ChangeOnTheSecond()
    {
        using var ratchet = OpenKnown();
        var midnight = new DateTimeOffset(2026, 5, 17, 0, 0, 0, TimeSpan.Zero);

        Assert.Equal(Hash16, Address(ratchet, midnight.AddTicks(-1)));
        Assert.Equal(Hash17, Address(ratchet, midnight));
        Assert.Equal(Hash17, Address(ratchet, midnight.ToOffset(TimeSpan.FromHours(-8))));
    }

    [Fact]
    public void Hashes_ClockGoesBack_StayWithTheNewestKey()
    {
        using var ratchet = OpenKnown();

        Assert.Equal(Hash17, Address(ratchet, Day16.AddDays(1)));
        Assert.Equal(Hash17, Address(ratchet, Day16));
        Assert.Equal(Hash17, Address(ratchet, Day16.AddYears(-30)));
        Assert.Equal(Unit16, Previous(ratchet, Day16));
        Assert.Equal(Hash18, Address(ratchet, Day16.AddDays(2)));
    }

    [Fact]
    public void Open_ClockBehindTheFile_GoesOnWithTheFileAndSaysSo()
    {
        WriteKey("2026-05-20", FirstKey);
        using var ratchet = Open();
        ratchet.StartWatching();

        Assert.Equal(new DateOnly(2026, 5, 21), ratchet.Of(new DateOnly(2026, 5, 16)).Day);
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal([411], _log.Ids);
        Assert.Contains("5 days", _log.All[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_FileIsDaysOld_CatchesUpToTheSameKeys()
    {
        WriteKey("2026-05-15", FirstKey);
        _clock.Advance(TimeSpan.FromDays(2));

        using var ratchet = Open();

        Assert.Equal(Hash18, Address(ratchet, _clock.GetUtcNow()));
        Assert.StartsWith("edge-ratchet-1 2026-05-17 ", File.ReadAllText(KeyPath), StringComparison.Ordinal);
    }

    [Fact]
    public void Nodes_FromTheSameFile_AgreeWhateverTheyServeMeanwhile()
    {
        using var other = new TempDirectory();
        using var here = OpenKnown();
        Directory.CreateDirectory(other["keys"]);
        File.Copy(KeyPath, other["keys", "address-ratchet"]);
        using var there = KeyRatchet.Open(other.Path, _clock, _log);

        for (var day = 0; day < 40; day++)
        {
            Address(here, Day16.AddDays(day));
        }

        Assert.Equal(Address(here, Day16.AddDays(40)), Address(there, Day16.AddDays(40)));
        Assert.Equal(Previous(here, Day16.AddDays(40)), Previous(there, Day16.AddDays(40)));
    }

    [Fact]
    public void Midnight_NobodyComes_ErasesTheOldKeyInMemoryAndOnDisk()
    {
        using var ratchet = OpenKnown();
        ratchet.StartWatching();
        var day15 = ratchet.Before(new DateOnly(2026, 5, 16));
        var day16 = ratchet.Of(new DateOnly(2026, 5, 16));
        Assert.Contains(FirstKey, File.ReadAllText(KeyPath), StringComparison.Ordinal);

        // Noon to ten seconds after midnight: 48 hours after the 15th began.
        _clock.Advance(TimeSpan.FromHours(12) + TimeSpan.FromMilliseconds(KeyRatchet.TickMs));

        Assert.True(day15.IsErased);
        Assert.False(day16.IsErased);
        Assert.Equal($"edge-ratchet-1 2026-05-16 {SecondKey}\n", File.ReadAllText(KeyPath));
        var zero = new byte[32];
        var mac = new byte[32];
        day15.Address.Compute("203.0.113.7"u8, mac);
        Assert.NotEqual(Hash15, Convert.ToHexStringLower(mac)[..32]);
        Assert.NotEqual(zero, mac);
        Assert.DoesNotContain(
            Directory.GetFiles(_directory.Path, "*", SearchOption.AllDirectories),
            file => File.ReadAllText(file).Contains(FirstKey, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Midnight_OldFileHeldOpen_IsOverwritten()
    {
        using var ratchet = OpenKnown();
        ratchet.StartWatching();
        using var held = new FileStream(
            KeyPath,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete
        );

        _clock.Advance(TimeSpan.FromDays(1));

        var old = new byte[held.Length];
        held.ReadExactly(old);
        Assert.All(old, part => Assert.Equal(0, part));
    }

    [Fact]
    public void KeyFile_Made_IsForItsOwnerOnly()
    {
        using (var ratchet = Open())
        {
            Assert.NotEqual(Hash16, Address(ratchet, Day16));
        }

        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(KeyPath));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory["keys"]));
        Assert.Equal(KeyPath, Assert.Single(Directory.GetFiles(_directory["keys"])));
        using (var again = Open())
        {
            again.StartWatching();
            _clock.Advance(TimeSpan.FromDays(1));
        }
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(KeyPath));
    }

    [Fact]
    public void Restart_AnyDay_GoesOnWithTheSameKeys()
    {
        string before;
        using (var ratchet = Open())
        {
            before = Address(ratchet, Day16.AddDays(3));
        }

        using var again = Open();

        Assert.Equal(before, Address(again, Day16.AddDays(3)));
    }

    [Theory]
    [InlineData("empty", "")]
    [InlineData("another word", "edge-ratchet-2 2026-05-15 " + FirstKey + "\n")]
    [InlineData("no day", "edge-ratchet-1 2026-13-15 " + FirstKey + "\n")]
    [InlineData("short key", "edge-ratchet-1 2026-05-15 0001\n")]
    [InlineData(
        "no hexadecimal",
        "edge-ratchet-1 2026-05-15 zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
    )]
    [InlineData("more behind it", "edge-ratchet-1 2026-05-15 " + FirstKey + "\n\n")]
    [InlineData("overwritten", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")]
    public void Open_DamagedFile_RefusesTheStart(string row, string content)
    {
        Directory.CreateDirectory(_directory["keys"]);
        File.WriteAllText(KeyPath, content);

        var refusal = Assert.Throws<IOException>(() => Open());

        Assert.True(refusal.Message.Contains("restore it", StringComparison.Ordinal), row);
        Assert.Equal(content, File.ReadAllText(KeyPath));
    }

    [Fact]
    public void Midnight_DiskRefuses_KeepsServingAndSaysSoOnce()
    {
        using var ratchet = OpenKnown();
        ratchet.StartWatching();
        var keys = _directory["keys"];
        Directory.Move(keys, keys + "-away");

        _clock.Advance(TimeSpan.FromHours(13));
        Assert.Equal(Hash17, Address(ratchet, _clock.GetUtcNow()));
        Assert.Equal([410], _log.Ids);
        Directory.Move(keys + "-away", keys);
        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Contains("2026-05-16", File.ReadAllText(KeyPath), StringComparison.Ordinal);
        Assert.Equal([410], _log.Ids);
    }

    [Fact]
    public async Task Hashes_FromManyThreadsOverMidnights_AreAlwaysOfARealKey()
    {
        using var ratchet = OpenKnown();
        var hashes = new VisitorHashes(ratchet, SaltedKeys.StableUnitKey("salt"));
        const int Days = 400;
        var valid = new HashSet<string>();
        using (var copy = new TempDirectory())
        {
            Directory.CreateDirectory(copy["keys"]);
            File.Copy(KeyPath, copy["keys", "address-ratchet"]);
            using var other = KeyRatchet.Open(copy.Path, _clock, _log);
            for (var day = 0; day <= Days; day++)
            {
                valid.Add(Address(other, Day16.AddDays(day)));
            }
        }
        var day16 = 0;
        var readers = Enumerable
            .Range(0, 3)
            .Select(_ =>
                Task.Run(() =>
                {
                    var hex = new byte[VisitorHashes.AddressHashChars];
                    while (Volatile.Read(ref day16) < Days)
                    {
                        hashes.WriteAddressHash("203.0.113.7"u8, Day16.AddDays(Volatile.Read(ref day16)), hex);
                        Assert.Contains(Encoding.ASCII.GetString(hex), valid);
                    }
                })
            )
            .ToArray();

        for (; day16 < Days; Interlocked.Increment(ref day16))
        {
            Address(ratchet, Day16.AddDays(day16 + 1));
        }

        await Task.WhenAll(readers);
    }

    public void Dispose() => _directory.Dispose();

    private KeyRatchet Open() => KeyRatchet.Open(_directory.Path, _clock, _log);

    private KeyRatchet OpenKnown()
    {
        WriteKey("2026-05-15", FirstKey);
        return Open();
    }

    private void WriteKey(string day, string key)
    {
        Directory.CreateDirectory(_directory["keys"]);
        File.WriteAllText(KeyPath, $"edge-ratchet-1 {day} {key}\n");
    }

    private static string Address(KeyRatchet ratchet, DateTimeOffset now)
    {
        var hex = new byte[VisitorHashes.AddressHashChars];
        new VisitorHashes(ratchet, SaltedKeys.StableUnitKey("salt")).WriteAddressHash("203.0.113.7"u8, now, hex);
        return Encoding.ASCII.GetString(hex);
    }

    private static string Unit(KeyRatchet ratchet, DateTimeOffset now)
    {
        var hex = new byte[VisitorHashes.UnitHashChars];
        new VisitorHashes(ratchet, SaltedKeys.StableUnitKey("salt")).WriteUnitHash("exp_1"u8, "unit"u8, now, hex);
        return Encoding.ASCII.GetString(hex);
    }

    private static string Previous(KeyRatchet ratchet, DateTimeOffset now)
    {
        var hex = new byte[VisitorHashes.UnitHashChars];
        new VisitorHashes(ratchet, SaltedKeys.StableUnitKey("salt")).WritePreviousUnitHash("exp_1"u8, "unit"u8, now, hex);
        return Encoding.ASCII.GetString(hex);
    }
}
