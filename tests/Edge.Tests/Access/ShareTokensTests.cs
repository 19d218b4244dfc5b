using Edge.Access;
using Xunit;

namespace Edge.Tests.Access;

/// <summary>What a token of a shared link opens, and for how long.</summary>
public class ShareTokensTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 16, 19, 0, 0, TimeSpan.Zero);
    private static readonly Share Shared = new("exp_abc123", Now.AddDays(14));
    private static readonly ShareTokens Tokens = new("a secret of this service"u8);

    [Fact]
    public void Token_BeforeItsEnd_OpensItsExperiment()
    {
        Assert.True(Tokens.TryRead(Tokens.Create(Shared), Now.AddDays(14).AddSeconds(-1), out var share));
        Assert.Equal(Shared, share);
    }

    [Fact]
    public void Token_AtItsEnd_OpensNothing() =>
        Assert.False(Tokens.TryRead(Tokens.Create(Shared), Now.AddDays(14), out _));

    [Fact]
    public void Token_OfAnotherService_OpensNothing() =>
        Assert.False(new ShareTokens("another secret"u8).TryRead(Tokens.Create(Shared), Now, out _));

    [Fact]
    public void Token_ChangedAnywhere_OpensNothing()
    {
        var token = Tokens.Create(Shared);
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            // The last character has bits that stand for nothing.
            if (Tokens.TryRead(new string(changed), Now, out var share))
            {
                Assert.Equal((token.Length - 1, Shared), (i, share));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("%%%")]
    [InlineData("AQAAAABrH-J9")]
    [InlineData("\u00e9\u00e9\u00e9\u00e9")]
    public void Token_ThatIsNone_OpensNothing(string token) => Assert.False(Tokens.TryRead(token, Now, out _));

    [Fact]
    public void Token_OfAnyLength_OpensNothing()
    {
        for (var length = 0; length < 400; length++)
        {
            Assert.False(Tokens.TryRead(new string('A', length), Now, out _));
        }
    }
}
