using System.Text;
using Edge.Storage;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Storage;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string FilePath => _directory["value"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Write_OverAnExistingFile_ReplacesItAndLeavesNothingElse()
    {
        File.WriteAllText(FilePath, "a longer old value");

        AtomicFile.Write(_directory.Path, "value", "new"u8);

        Assert.Equal("new", File.ReadAllText(FilePath));
        Assert.Equal([FilePath], Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void Write_WhileTheOldFileIsOpen_LeavesItsReaderTheOldBytes()
    {
        File.WriteAllText(FilePath, "old");
        using var reader = new StreamReader(FilePath, Encoding.UTF8);

        AtomicFile.Write(_directory.Path, "value", "new"u8);

        Assert.Equal("old", reader.ReadToEnd());
    }

    [Theory]
    [InlineData(DiskFile.OwnerOnly)]
    [InlineData(UnixFileMode.UserRead)]
    public void Write_WithPermissions_GivesTheFileThose(UnixFileMode mode)
    {
        AtomicFile.Write(_directory.Path, "value", "secret"u8, mode);

        Assert.Equal(mode, File.GetUnixFileMode(FilePath));
    }

    [Fact]
    public void Write_IntoAMissingDirectory_Throws()
    {
        var failure = Assert.Throws<DiskException>(() => AtomicFile.Write(_directory["missing"], "value", "new"u8));

        Assert.Contains("missing", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_OverADirectory_ThrowsAndLeavesNoTemporaryFile()
    {
        Directory.CreateDirectory(FilePath);

        Assert.Throws<DiskException>(() => AtomicFile.Write(_directory.Path, "value", "new"u8));

        Assert.Equal([FilePath], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void DeleteUnfinished_AfterInterruptedWrites_RemovesThoseFilesOnly()
    {
        File.WriteAllText(_directory[$".0123{AtomicFile.TemporarySuffix}"], "half");
        File.WriteAllText(FilePath, "whole");

        AtomicFile.DeleteUnfinished(_directory.Path);

        Assert.Equal([FilePath], Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void Begin_WithALeftoverOfAnEarlierRun_ReplacesIt()
    {
        File.WriteAllText(FilePath + AtomicFile.NewSuffix, "a leftover that is longer");

        using (var file = AtomicFile.Begin(FilePath))
        {
            file.Content.Write("new"u8, 0);
            file.Commit();
        }

        Assert.Equal("new", File.ReadAllText(FilePath));
        Assert.Equal(DiskFile.OwnerOnly, File.GetUnixFileMode(FilePath));
        Assert.Equal([FilePath], Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void Dispose_WithoutCommit_KeepsTheOldFile()
    {
        File.WriteAllText(FilePath, "old");

        using (var file = AtomicFile.Begin(FilePath))
        {
            file.Content.Write("new"u8, 0);
        }

        Assert.Equal("old", File.ReadAllText(FilePath));
        Assert.Equal([FilePath], Directory.GetFiles(_directory.Path));
    }
}
