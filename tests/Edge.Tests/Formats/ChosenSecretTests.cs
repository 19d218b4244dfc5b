using System.Security.Cryptography;
using CsCheck;
using Edge.Formats;
using Xunit;

namespace Edge.Tests.Formats;

public class ChosenSecretTests
{
    [Theory]
    [InlineData("changeme-changeme")]
    [InlineData("MyPasswordSalt-12345678")]
    [InlineData("0123456789abcdef0123456789abcdef")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("fedcba9876543210")]
    [InlineData("zyxwvutsrqponmlk")]
    [InlineData("P@ssw0rdP@ssw0rd")]
    [InlineData("supersecretkey123")]
    [InlineData("insert-salt-here-")]
    [InlineData("<your-salt-here>..")]
    [InlineData("REPLACE_WITH_SALT")]
    [InlineData("your-secret-here!")]
    [InlineData("footballbaseball")]
    [InlineData("sunshineprincess")]
    [InlineData("trustno1trustno1")]
    [InlineData("1qaz2wsx3edc4rfv")]
    [InlineData("production-salt-2024")]
    [InlineData("x7Kq2x7Kq2x7Kq2x7Kq2")]
    [InlineData("aaaabbbbccccddddeeeeffff")]
    public void Weakness_OfWhatIsTriedFirst_IsFound(string secret) => Assert.NotNull(ChosenSecret.WeaknessOf(secret));

    [Theory]
    [InlineData("4f8a0c1e9b7d2f6a3c5e8b0d1f7a9c2e")]
    [InlineData("TOP-SECRET-salt-of-the-fleet-1f0c8a")]
    [InlineData("correct horse battery staple")]
    [InlineData("q8XvR2mT5zKw9LpC")]
    public void Weakness_OfWhatIsHardToGuess_IsNone(string secret) => Assert.Null(ChosenSecret.WeaknessOf(secret));

    [Fact]
    public void Weakness_OfRandomBytes_IsNone() =>
        Gen.Byte.Array[16].Sample(static bytes =>
            Assert.Null(ChosenSecret.WeaknessOf(Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]))
        );
}
