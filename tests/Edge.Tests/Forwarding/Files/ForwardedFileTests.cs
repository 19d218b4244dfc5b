using System.Runtime.Versioning;
using Edge.Forwarding.Files;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Forwarding.Files;

/// <summary>Appends to files that already hold bytes beyond the known length, as a crash leaves them.</summary>
public class ForwardedFileTests
{
    private static readonly ForwardedFileName Name = new(2026112109, 1);

    [Theory]
    [InlineData("nothing beyond", "a\n", "b\nc\n")]
    [InlineData("one line beyond", "a\nb\n", "b\nc\n")]
    [InlineData("all lines beyond", "a\nb\nc\n", "b\nc\n")]
    [InlineData("torn line", "a\nb\nc", "b\nc\n")]
    [InlineData("zeros where a line was", "a\nb\n\0\0\0\0\0\0", "b\nc\n")]
    [InlineData("other bytes", "a\nxyz\n", "b\nc\n")]
    [InlineData("difference in the first byte", "a\nx", "b\nc\n")]
    public void Append_LeftoverOfCrash_EndsWithTheAppendedLines(string row, string before, string appended)
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory[Name.ToString()], before);

        using var file = ForwardedFile.OpenAt(directory.Path, Name, length: 2, keepsLeftover: true);
        file.Append(System.Text.Encoding.ASCII.GetBytes(appended));

        Assert.Equal("a\n" + appended, File.ReadAllText(directory[Name.ToString()]));
        Assert.True(file.LeftoverBytes == 0, row);
    }

    [Fact]
    public void Append_LessThanTheLeftover_KeepsTheRestForLater()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory[Name.ToString()], "a\nb\nc\n");

        using var file = ForwardedFile.OpenAt(directory.Path, Name, length: 0, keepsLeftover: true);
        file.Append("a\n"u8);

        Assert.Equal(4, file.LeftoverBytes);
        Assert.Equal("a\nb\nc\n", File.ReadAllText(directory[Name.ToString()]));
    }

    [Fact]
    public void Append_LeftoverLargerThanTheCompareBuffer_IsFoundEqual()
    {
        using var directory = new TempDirectory();
        var line = new byte[200_000];
        Array.Fill(line, (byte)'x');
        line[^1] = (byte)'\n';
        File.WriteAllBytes(directory[Name.ToString()], line);

        using var file = ForwardedFile.OpenAt(directory.Path, Name, length: 0, keepsLeftover: true);
        file.Append(line);

        Assert.Equal((line.Length, 0L), (file.Length, file.LeftoverBytes));
        Assert.Equal(line, File.ReadAllBytes(directory[Name.ToString()]));
    }

    [Fact]
    public void OpenAt_LeftoverNotTrusted_IsCutAway()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory[Name.ToString()], "a\nb\n");

        using var file = ForwardedFile.OpenAt(directory.Path, Name, length: 2, keepsLeftover: false);

        Assert.Equal("a\n", File.ReadAllText(directory[Name.ToString()]));
    }

    [Fact]
    public void IsIntact_FileRemoved_IsFalse()
    {
        using var directory = new TempDirectory();
        using var file = ForwardedFile.Create(directory.Path, Name);
        Assert.True(file.IsIntact());

        File.Delete(directory[Name.ToString()]);

        Assert.False(file.IsIntact());
    }

    [Fact]
    public void IsIntact_FileCut_IsFalse()
    {
        using var directory = new TempDirectory();
        using var file = ForwardedFile.Create(directory.Path, Name);
        file.Append("a\n"u8);

        File.WriteAllText(directory[Name.ToString()], "");

        Assert.False(file.IsIntact());
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Create_NewFile_IsNotReadableByEverybody()
    {
        using var directory = new TempDirectory();

        using var file = ForwardedFile.Create(directory.Path, Name);

        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(directory[Name.ToString()]) & UnixFileMode.OtherRead);
    }
}
