namespace Edge.Endpoints.Page;

/// <summary>The colours of a picture; its values are indices of <see cref="Picture.Palette"/>.</summary>
internal enum Ink : byte
{
    Paper,
    Text,
    Faint,
    Line,
    Bar,
    Best,
    Whisker,
}

/// <summary>A filled rectangle, or a text that begins at its corner.</summary>
/// <param name="X">Left, pixels.</param>
/// <param name="Y">Top, pixels.</param>
/// <param name="Width">Width of a rectangle.</param>
/// <param name="Height">Height of a rectangle; of a text, that of its capitals.</param>
/// <param name="Ink">Colour.</param>
/// <param name="Text">The text; null for a rectangle.</param>
internal sealed record Mark(int X, int Y, int Width, int Height, Ink Ink, string? Text = null);

/// <summary>What is drawn, before it becomes SVG or PNG: rectangles and texts, in order.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Marks">What is on it.</param>
internal sealed record Picture(int Width, int Height, IReadOnlyList<Mark> Marks)
{
    /// <summary>Red, green and blue of each <see cref="Ink"/>.</summary>
    public static ReadOnlySpan<byte> Palette =>
        [
            0xFF, 0xFF, 0xFF,
            0x1B, 0x1F, 0x24,
            0x57, 0x60, 0x6A,
            0xD0, 0xD7, 0xDE,
            0x7A, 0xA7, 0xE8,
            0x6F, 0xBF, 0x8B,
            0x0B, 0x2E, 0x6F,
        ];
}
