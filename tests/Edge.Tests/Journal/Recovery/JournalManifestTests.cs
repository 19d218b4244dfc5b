using Edge.Journal;
using Edge.Journal.Recovery;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Journal.Recovery;

public sealed class JournalManifestTests : IDisposable
{
    private static readonly JournalManifest Manifest = new(
        new UInt128(0x0011_2233_4455_6677, 0x8899_AABB_CCDD_EEFF),
        4_096,
        65_536,
        1_700_000_000_000
    );
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Write_ThenRead_GivesTheSame()
    {
        Manifest.Write(_directory["manifest"]);
        Assert.Equal(Manifest, JournalManifest.Read(_directory["manifest"]));
    }

    [Fact]
    public void Read_AnyBitFlipped_IsRefused()
    {
        var bytes = Manifest.Encode();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(JournalManifest.TryDecode(bytes));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Read_AnotherLength_IsRefused()
    {
        File.WriteAllBytes(_directory["manifest"], [.. Manifest.Encode(), 0]);
        Assert.Throws<JournalException>(() => JournalManifest.Read(_directory["manifest"]));
        File.WriteAllBytes(_directory["manifest"], Manifest.Encode().AsSpan(0, 63));
        Assert.Throws<JournalException>(() => JournalManifest.Read(_directory["manifest"]));
    }

    [Fact]
    public void Golden_Version1_IsWrittenAndReadAsItAlwaysWas()
    {
        var golden = Golden.Read("journal-manifest-v1.hex");
        Assert.Equal(golden, Manifest.Encode());
        Assert.Equal(Manifest, JournalManifest.TryDecode(golden));
    }
}
