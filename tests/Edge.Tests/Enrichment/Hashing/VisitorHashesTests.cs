using System.Security.Cryptography;
using System.Text;
using Edge.Enrichment.Hashing;
using Xunit;

namespace Edge.Tests.Enrichment.Hashing;

public class VisitorHashesTests
{
    private static readonly DateTimeOffset Day = new(2026, 5, 16, 23, 59, 59, TimeSpan.Zero);

    [Fact]
    public void AddressHash_Formula_IsHmacOfAddressUnderSaltAndDate()
    {
        var expected = Convert.ToHexStringLower(
            HMACSHA256.HashData(Encoding.UTF8.GetBytes("salt2026-05-16"), Encoding.UTF8.GetBytes("203.0.113.7"))
        )[..32];

        Assert.Equal(expected, AddressHash("203.0.113.7", Day));
    }

    [Fact]
    public void UnitHash_Formula_IsHmacOfUidZeroUnit()
    {
        var expected = Convert.ToHexStringLower(
            HMACSHA256.HashData(Encoding.UTF8.GetBytes("saltunit:2026-05-16"), Encoding.UTF8.GetBytes("exp_1\0unit"))
        )[..16];
        Span<byte> hex = stackalloc byte[VisitorHashes.UnitHashChars];

        new VisitorHashes(new SaltedKeys("salt"), SaltedKeys.StableUnitKey("salt")).WriteUnitHash("exp_1"u8, "unit"u8, Day, hex);

        Assert.Equal(expected, Encoding.ASCII.GetString(hex));
    }

    [Fact]
    public void AddressHash_NextUtcDay_IsAnother() =>
        Assert.NotEqual(AddressHash("203.0.113.7", Day), AddressHash("203.0.113.7", Day.AddSeconds(1)));

    [Fact]
    public void AddressHash_SameDayInOtherZone_IsTheSame() =>
        Assert.Equal(AddressHash("203.0.113.7", Day), AddressHash("203.0.113.7", Day.ToOffset(TimeSpan.FromHours(5))));

    private static string AddressHash(string address, DateTimeOffset now)
    {
        Span<byte> hex = stackalloc byte[VisitorHashes.AddressHashChars];
        new VisitorHashes(new SaltedKeys("salt"), SaltedKeys.StableUnitKey("salt")).WriteAddressHash(Encoding.ASCII.GetBytes(address), now, hex);
        return Encoding.ASCII.GetString(hex);
    }
}
