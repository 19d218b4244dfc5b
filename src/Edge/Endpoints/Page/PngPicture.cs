using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace Edge.Endpoints.Page;

/// <summary>Writes a picture as PNG (ISO/IEC 15948) with a palette, its texts in <see cref="BitmapFont"/>. Pure.</summary>
internal static class PngPicture
{
    private const byte BitsPerPixel = 8;
    private const byte PaletteColours = 3;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static byte[] Write(Picture picture)
    {
        using var png = new MemoryStream();
        png.Write(Signature);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, picture.Width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], picture.Height);
        header[8] = BitsPerPixel;
        header[9] = PaletteColours;
        WriteChunk(png, "IHDR"u8, header);
        WriteChunk(png, "PLTE"u8, Picture.Palette);
        WriteChunk(png, "IDAT"u8, Compress(Draw(picture)));
        WriteChunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    /// <summary>One byte a pixel; each line begins with its filter, which is none.</summary>
    private static byte[] Draw(Picture picture)
    {
        var stride = picture.Width + 1;
        var pixels = new byte[stride * picture.Height];
        foreach (var mark in picture.Marks)
        {
            if (mark.Text is null)
            {
                Fill(pixels, picture, mark.X, mark.Y, mark.Width, mark.Height, mark.Ink);
            }
            else
            {
                DrawText(pixels, picture, mark);
            }
        }

        return pixels;
    }

    private static void Fill(byte[] pixels, Picture picture, int x, int top, int width, int height, Ink ink)
    {
        var left = Math.Clamp(x, 0, picture.Width);
        var right = Math.Clamp(x + width, left, picture.Width);
        for (var y = Math.Max(0, top); y < Math.Min(picture.Height, top + height); y++)
        {
            pixels.AsSpan(y * (picture.Width + 1) + 1 + left, right - left).Fill((byte)ink);
        }
    }

    private static void DrawText(byte[] pixels, Picture picture, Mark mark)
    {
        var dot = mark.Height / BitmapFont.Rows;
        for (var i = 0; i < mark.Text!.Length; i++)
        {
            for (var column = 0; column < BitmapFont.Columns; column++)
            {
                for (var row = 0; row < BitmapFont.Rows; row++)
                {
                    if (BitmapFont.HasDot(mark.Text[i], column, row))
                    {
                        var x = mark.X + (i * BitmapFont.Advance + column) * dot;
                        Fill(pixels, picture, x, mark.Y + row * dot, dot, dot, mark.Ink);
                    }
                }
            }
        }
    }

    private static byte[] Compress(byte[] pixels)
    {
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal))
        {
            zlib.Write(pixels);
        }

        return compressed.ToArray();
    }

    /// <summary>Length, type, content, and a checksum of the last two.</summary>
    private static void WriteChunk(MemoryStream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        png.Write(number);
        png.Write(type);
        png.Write(content);
        var checksum = new Crc32();
        checksum.Append(type);
        checksum.Append(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, checksum.GetCurrentHashAsUInt32());
        png.Write(number);
    }
}
