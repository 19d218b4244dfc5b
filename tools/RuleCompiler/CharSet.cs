using Edge.Enrichment.UserAgents;

namespace Edge.RuleCompiler;

/// <summary>
/// A set of symbols: ASCII characters and the classes of all others (<see cref="RuleFormat"/>). A value.
/// </summary>
internal readonly record struct CharSet(UInt128 Ascii, byte Others)
{
    private const byte AllOthers = 0x3f;

    public static readonly CharSet Empty = new(0, 0);

    /// <summary>What <c>.</c> stands for: everything but a line feed.</summary>
    public static readonly CharSet AnyButLineFeed = Of('\n').Negate();

    public static readonly CharSet Digits = Range('0', '9').With(RuleFormat.Digit);

    public static readonly CharSet WordChars = Range('a', 'z')
        .Union(Range('A', 'Z'))
        .Union(Digits)
        .Union(Of('_'))
        .With(RuleFormat.Letter)
        .With(RuleFormat.KelvinSign);

    /// <summary>What <c>\b</c> takes for a part of a word.</summary>
    public static readonly CharSet BoundaryChars = WordChars.With(RuleFormat.Joiner);

    public static readonly CharSet Spaces = Range('\t', '\r').Union(Of(' ')).With(RuleFormat.Space);

    public static CharSet Of(char c) =>
        c < RuleFormat.Ascii
            ? new(UInt128.One << c, 0)
            : throw new FormatException($"pattern character U+{(int)c:X4} is not ASCII");

    public static CharSet Range(char first, char last)
    {
        if (first > last)
        {
            throw new FormatException($"range {first}-{last} is backwards");
        }

        var set = Empty;
        for (var c = first; c <= last; c++)
        {
            set = set.Union(Of(c));
        }

        return set;
    }

    public CharSet Union(CharSet other) => new(Ascii | other.Ascii, (byte)(Others | other.Others));

    public CharSet Negate() => new(~Ascii, (byte)(~Others & AllOthers));

    /// <summary>
    /// The set with both cases of its letters, and what .NET takes for the same letter outside ASCII.
    /// </summary>
    public CharSet IgnoreCase()
    {
        var set = this;
        for (var c = 'a'; c <= 'z'; c++)
        {
            if (Has(c) || Has(char.ToUpperInvariant(c)))
            {
                set = set.Union(Of(c)).Union(Of(char.ToUpperInvariant(c)));
            }
        }

        if (set.Has('k'))
        {
            set = set.With(RuleFormat.KelvinSign);
        }

        return set;
    }

    public bool Has(char c) => (Ascii >> c & 1) != 0;

    /// <summary>
    /// The ASCII characters, in lower case if asked for, each once; null when other symbols belong to the set as well.
    /// </summary>
    public string? AsciiChars(bool inLowerCase)
    {
        // In lower case the Kelvin sign is a k and needs no name of its own.
        if ((Others & ~(inLowerCase ? Bit(RuleFormat.KelvinSign) : 0)) != 0)
        {
            return null;
        }

        var set = this;
        var characters = Enumerable.Range(0, RuleFormat.Ascii).Select(c => (char)c).Where(c => set.Has(c));
        return new string([.. inLowerCase ? characters.Select(char.ToLowerInvariant).Distinct() : characters]);
    }

    public void Write(BinaryWriter writer)
    {
        writer.Write((ulong)Ascii);
        writer.Write((ulong)(Ascii >> 64));
        writer.Write(Others);
    }

    private CharSet With(byte symbol) => this with { Others = (byte)(Others | Bit(symbol)) };

    private static int Bit(byte symbol) => 1 << (symbol - RuleFormat.Ascii);
}
