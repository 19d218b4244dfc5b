using Edge.Access;
using Xunit;

namespace Edge.Tests.Access;

public class KeySecretTests
{
    /// <summary>A secret whose end was not copied is still told to be what it began as.</summary>
    [Theory]
    [InlineData("pk_live_x", KeyKind.MillimetricPk)]
    [InlineData("pk_live_abcdefgh", KeyKind.MillimetricPk)]
    [InlineData("pk_live_abcdefgh_0123", KeyKind.MillimetricPk)]
    [InlineData("pk_live_4f8a0c1e9b7d2f6a3c5e8b0d1f7a9c2e", KeyKind.Pictify)]
    [InlineData("pk_test_4f8a0c1e9b7d", KeyKind.Pictify)]
    [InlineData("mk_live_x", KeyKind.Pictify)]
    [InlineData("sk_live_abcdefgh", KeyKind.MillimetricSk)]
    [InlineData("artie_x", KeyKind.Artie)]
    [InlineData("traffical_pk_x", KeyKind.TrafficalPk)]
    [InlineData("live_x", null)]
    public void Kind_OfASecretThatIsCut_IsThatOfItsBeginning(string secret, object? kind) =>
        Assert.Equal((KeyKind?)kind, KeySecret.KindOf(secret));
}
