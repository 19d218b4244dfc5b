using Edge.Storage;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Storage;

public sealed class SummedFileTests : IDisposable
{
    private static readonly byte[] Magic = [.. "TST1"u8];

    private readonly TempDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Content_OfWhatWasWritten_IsWhatWasWritten()
    {
        Assert.Equal("content"u8, SummedFile.ContentOf(Written(), Magic)!.Value.Span);
    }

    [Fact]
    public void Content_OfAFileThatIsNotWhole_IsNone()
    {
        var bytes = Written();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Null(SummedFile.ContentOf(bytes[..length], Magic));
        }

        for (var at = 0; at < bytes.Length; at++)
        {
            var damaged = bytes.ToArray();
            damaged[at] ^= 1;
            Assert.Null(SummedFile.ContentOf(damaged, Magic));
        }
    }

    private byte[] Written()
    {
        using var stream = new MemoryStream();
        stream.Write(stackalloc byte[SummedFile.HeaderBytes]);
        stream.Write("content"u8);
        SummedFile.Write(_data.Path, "file", Magic, stream);
        return File.ReadAllBytes(_data["file"]);
    }
}
