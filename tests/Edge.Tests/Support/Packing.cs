using System.IO.Compression;

namespace Edge.Tests.Support;

/// <summary>Packs bodies as a sender would.</summary>
internal static class Packing
{
    public static byte[] Gzip(byte[] bytes) => Gzip(bytes, CompressionLevel.Fastest);

    public static byte[] Gzip(byte[] bytes, CompressionLevel level)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, level))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }
}
