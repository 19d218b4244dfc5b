using System.Text;
using Edge.Enrichment.Hashing;
using Xunit;

namespace Edge.Tests.Enrichment.Hashing;

public class RecentHashesTests
{
    private static readonly object Key = new();

    [Fact]
    public void Result_OfTheSameKeyAndMessage_IsFound()
    {
        var recent = new RecentHashes();
        var found = new byte[4];
        Assert.False(recent.TryFind(Key, "message"u8, found, out var place));
        recent.Keep(place, Key, "message"u8, [1, 2, 3, 4]);

        Assert.True(recent.TryFind(Key, "message"u8, found, out _));
        Assert.Equal([1, 2, 3, 4], found);
    }

    [Fact]
    public void Result_OfAnotherKeyMessageOrLength_IsNotFound()
    {
        var recent = new RecentHashes();
        var found = new byte[4];
        recent.TryFind(Key, "message"u8, found, out var place);
        recent.Keep(place, Key, "message"u8, [1, 2, 3, 4]);

        Assert.False(recent.TryFind(new object(), "message"u8, found, out _));
        Assert.False(recent.TryFind(Key, "messagf"u8, found, out _));
        Assert.False(recent.TryFind(Key, "messag"u8, found, out _));
        Assert.False(recent.TryFind(Key, "message"u8, new byte[5], out _));
    }

    [Fact]
    public void Message_TooLong_IsNeverKept()
    {
        var recent = new RecentHashes();
        var message = new byte[RecentHashes.MessageBytesMax + 1];
        var found = new byte[4];
        recent.TryFind(Key, message, found, out var place);
        recent.Keep(place, Key, message, [1, 2, 3, 4]);

        Assert.False(recent.TryFind(Key, message, found, out _));
        Assert.True(place < 0);
    }

    /// <summary>Many messages share few places: each is answered with its own result or not at all.</summary>
    [Fact]
    public void Results_OfManyMessages_AreNeverMixedUp()
    {
        var recent = new RecentHashes();
        var found = new byte[4];
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 10_000; i++)
            {
                var message = Encoding.ASCII.GetBytes($"203.0.113.{i % 5_000} agent");
                var expected = BitConverter.GetBytes(i % 5_000);
                if (recent.TryFind(Key, message, found, out var place))
                {
                    Assert.Equal(expected, found);
                }
                else
                {
                    recent.Keep(place, Key, message, expected);
                }
            }
        }
    }
}
