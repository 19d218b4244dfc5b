using Edge.Access;
using Xunit;

namespace Edge.Tests.Access;

/// <summary>Which share a token names.</summary>
public class ShareTokensTests
{
    private const string Id = "00112233aabbccff";

    private static readonly ShareTokens Tokens = new("a secret of this service"u8);

    [Fact]
    public void Token_OfAShare_NamesIt()
    {
        Assert.True(Tokens.TryRead(Tokens.Create(Id), out var id));
        Assert.Equal(Id, id);
    }

    [Fact]
    public void Token_OfAnotherService_NamesNothing() =>
        Assert.False(new ShareTokens("another secret"u8).TryRead(Tokens.Create(Id), out _));

    [Fact]
    public void Token_ChangedAnywhere_NamesNothing()
    {
        var token = Tokens.Create(Id);
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            // The last character has bits that stand for nothing.
            if (Tokens.TryRead(new string(changed), out var id))
            {
                Assert.Equal((token.Length - 1, Id), (i, id));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("%%%")]
    [InlineData("AQAAAABrH-J9")]
    [InlineData("\u00e9\u00e9\u00e9\u00e9")]
    public void Token_ThatIsNone_NamesNothing(string token) => Assert.False(Tokens.TryRead(token, out _));

    [Fact]
    public void Token_OfAnyLength_NamesNothing()
    {
        for (var length = 0; length < 400; length++)
        {
            Assert.False(Tokens.TryRead(new string('A', length), out _));
        }
    }
}
