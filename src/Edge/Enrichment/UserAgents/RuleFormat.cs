namespace Edge.Enrichment.UserAgents;

/// <summary>
/// Instructions of a compiled rule. A program is straight-line code with forward jumps only, except for <see
/// cref="LoopBack"/>; each instruction has an operation, a flag and three 16-bit operands.
/// </summary>
internal enum RuleOp : byte
{
    /// <summary>The end of the pattern.</summary>
    Match,

    /// <summary>A sequence of characters: B sets, whose numbers start at index A of the list of runs.</summary>
    Run,

    /// <summary>
    /// Characters of set A, B to C times (C = <see cref="RuleFormat.Unbounded"/>: unlimited), greedy; lazy with the
    /// flag.
    /// </summary>
    Loop,

    /// <summary>Continue at A; if that does not lead to a match, at B.</summary>
    Split,

    /// <summary>Continue at A.</summary>
    Jump,

    /// <summary>
    /// The end of a repeated group that begins at A: repeat, else continue; the other way round with the lazy flag.
    /// </summary>
    LoopBack,

    /// <summary>Save the position as mark A: 2n is the start of group n, 2n+1 its end.</summary>
    Save,

    /// <summary>Matches only at the start of the text.</summary>
    Start,

    /// <summary>Matches only at the end of the text, or before a line feed that ends it.</summary>
    End,

    /// <summary>Matches only between a word character and a non-word character.</summary>
    Boundary,
}

/// <summary>
/// The format that the rule compiler writes and <c>RuleTable</c> reads: the constants of the table and the alphabet of
/// the programs. The compiler shares this file, and nothing else, with the service.
/// </summary>
internal static class RuleFormat
{
    /// <summary>First four bytes of the table; changes with its format.</summary>
    public const uint Magic = 0x31_41_55_45;

    /// <summary>Upper bound of an unlimited loop; longer than any text.</summary>
    public const ushort Unbounded = ushort.MaxValue;

    /// <summary>
    /// Instruction flag: every match passes this instruction, so the rule fails if it cannot succeed.
    /// </summary>
    public const byte Mandatory = 1;

    /// <summary>Loop flag: lazy, fewest repetitions first.</summary>
    public const byte Lazy = 2;

    /// <summary>Longest program, in instructions; determines the matcher's working memory.</summary>
    public const int ProgramMaxLength = 1_024;

    /// <summary>Number of groups that templates can use: $1 to $9, and the whole match as number 0.</summary>
    public const int Groups = 10;

    /// <summary>Templates of a browser or operating system rule: family, major, minor, patch, patch minor.</summary>
    public const int VersionTemplates = 5;

    /// <summary>Templates of a device rule: family, brand, model.</summary>
    public const int DeviceTemplates = 3;

    // ASCII characters are symbols of their own; all others are mapped to the few classes that the rules can
    // distinguish.

    /// <summary>Symbols below this one are ASCII characters.</summary>
    public const byte Ascii = 0x80;

    /// <summary>Neither a letter nor a digit nor white space.</summary>
    public const byte Other = 0x80;

    /// <summary>A word character outside ASCII that is not a digit.</summary>
    public const byte Letter = 0x81;

    /// <summary>A decimal digit outside ASCII.</summary>
    public const byte Digit = 0x82;

    /// <summary>White space outside ASCII.</summary>
    public const byte Space = 0x83;

    /// <summary>U+212A (Kelvin sign), which equals k when case is ignored.</summary>
    public const byte KelvinSign = 0x84;

    /// <summary>U+200C and U+200D, which are word characters for boundaries only.</summary>
    public const byte Joiner = 0x85;

    /// <summary>
    /// Size of a set, bytes: a bit for each ASCII character, then one for each symbol from <see cref="Ascii"/> on.
    /// </summary>
    public const int SetBytes = 17;
}
