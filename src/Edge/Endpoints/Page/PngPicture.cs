using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace Edge.Endpoints.Page;

/// <summary>
/// Writes a picture as PNG (ISO/IEC 15948) with a palette. Its texts are the dots of <see cref="BitmapFont"/> joined by
/// strokes, whose edges are smoothed by shades between ink and paper. Pure.
/// </summary>
internal static class PngPicture
{
    private const byte BitsPerPixel = 8;
    private const byte PaletteColours = 3;
    private const int Inks = (int)Ink.Whisker + 1;

    /// <summary>Steps from paper to ink; the last is the ink itself.</summary>
    private const int Shades = 4;

    /// <summary>The inks, then the inks at one step from paper, at two, at three.</summary>
    private static readonly byte[] Palette = MixPalette();

    /// <summary>Columns and rows to the neighbours that a dot may be joined with; each pair is looked at once.</summary>
    private static readonly (int Right, int Down)[] Neighbours = [(1, 0), (0, 1), (1, 1), (-1, 1)];

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
        WriteChunk(png, "PLTE"u8, Palette);
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
            var character = mark.Text[i];
            for (var column = 0; column < BitmapFont.Columns; column++)
            {
                for (var row = 0; row < BitmapFont.Rows; row++)
                {
                    if (!HasDot(column, row))
                    {
                        continue;
                    }

                    var (x, y) = (mark.X + (i * BitmapFont.Advance + column) * dot, mark.Y + row * dot);
                    Stroke(pixels, picture, x, y, dot, 0, 0, mark.Ink);
                    foreach (var (right, down) in Neighbours)
                    {
                        // Dots that a straight stroke joins need no slanted one beside it.
                        var isSlanted = right != 0 && down != 0;
                        if (
                            HasDot(column + right, row + down)
                            && !(isSlanted && (HasDot(column + right, row) || HasDot(column, row + down)))
                        )
                        {
                            Stroke(pixels, picture, x, y, dot, right, down, mark.Ink);
                        }
                    }
                }
            }

            bool HasDot(int column, int row) =>
                column is >= 0 and < BitmapFont.Columns
                && row is >= 0 and < BitmapFont.Rows
                && BitmapFont.HasDot(character, column, row);
        }
    }

    /// <summary>
    /// Draws a stroke as broad as a dot, with round ends, from the middle of a dot to that of its neighbour.
    /// </summary>
    /// <param name="pixels">The picture's pixels.</param>
    /// <param name="picture">The picture.</param>
    /// <param name="left">Left of the dot, pixels.</param>
    /// <param name="top">Top of the dot.</param>
    /// <param name="dot">Its size.</param>
    /// <param name="right">Columns to the neighbour: -1, 0 or 1.</param>
    /// <param name="down">Rows to it: 0 or 1.</param>
    /// <param name="ink">The colour.</param>
    private static void Stroke(
        byte[] pixels,
        Picture picture,
        int left,
        int top,
        int dot,
        int right,
        int down,
        Ink ink
    )
    {
        var square = Math.Max(1, right * right + down * down);
        for (var y = Math.Max(0, top - 1); y < Math.Min(picture.Height, top + dot * (1 + down) + 1); y++)
        {
            var first = Math.Max(0, left + Math.Min(0, right) * dot - 1);
            for (var x = first; x < Math.Min(picture.Width, left + dot * (1 + Math.Max(0, right)) + 1); x++)
            {
                // From the middle of the dot to the middle of the pixel, in dots, and how far along the stroke that is.
                var (dx, dy) = ((x + 0.5 - left) / dot - 0.5, (y + 0.5 - top) / dot - 0.5);
                var along = Math.Clamp((dx * right + dy * down) / square, 0, 1);
                var distance = double.Hypot(dx - along * right, dy - along * down) * dot;
                var shade = (int)Math.Round(Math.Clamp(dot / 2.0 + 0.5 - distance, 0, 1) * Shades);
                ref var pixel = ref pixels[y * (picture.Width + 1) + 1 + x];
                if (shade > ShadeOf(pixel, ink))
                {
                    pixel = (byte)(shade == Shades ? (int)ink : shade * Inks + (int)ink);
                }
            }
        }
    }

    private static int ShadeOf(byte pixel, Ink ink) =>
        pixel == (byte)ink ? Shades
        : pixel % Inks == (int)ink ? pixel / Inks
        : 0;

    private static byte[] MixPalette()
    {
        var inks = Picture.Palette;
        var palette = new byte[inks.Length * Shades];
        inks.CopyTo(palette);
        for (var i = inks.Length; i < palette.Length; i++)
        {
            var (paper, ink, shade) = (inks[i % 3], inks[i % inks.Length], i / inks.Length);
            palette[i] = (byte)(paper + (ink - paper) * shade / Shades);
        }

        return palette;
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
