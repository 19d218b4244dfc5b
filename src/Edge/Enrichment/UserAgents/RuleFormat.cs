namespace Edge.Enrichment.UserAgents;

/// <summary>
/// Instructions of a compiled rule. A program is straight-line code with forward jumps only, except for <see
/// cref="LoopBack"/>; each instruction has an operation, a flag and three 16-bit operands.
/// </summary>
internal enum RuleOp : byte
{
    /// <summary>The end of the pattern.</summary>
    Match,

    /// <summary>One character after the other: B sets, their numbers from place A on of the list of runs.</summary>
    Run,

    /// <summary>
    /// Characters of set A, B to C times (C = <see cref="RuleFormat.Unbounded"/>: any number), most first; fewest first
    /// with the flag.
    /// </summary>
    Loop,

    /// <summary>Go on at A; if that does not lead to a match, at B.</summary>
    Split,

    /// <summary>Go on at A.</summary>
    Jump,

    /// <summary>The end of a repeated group that begins at A: once more, else on; on first with the flag.</summary>
    LoopBack,

    /// <summary>Remember the position as mark A: 2n is the start of group n, 2n+1 its end.</summary>
    Save,

    /// <summary>Only at the start of the text.</summary>
    Start,

    /// <summary>Only at the end of the text, or before a line feed that ends it.</summary>
    End,

    /// <summary>Only between a word character and another.</summary>
    Boundary,
}

/// <summary>
/// What the rule compiler writes and <c>RuleTable</c> reads: the constants of the table format and the alphabet
/// of the programs. The compiler shares this file, and nothing else, with the service.
/// </summary>
internal static class RuleFormat
{
    /// <summary>First four bytes of the table; changes with its format.</summary>
    public const uint Magic = 0x31_41_55_45;

    /// <summary>Upper bound of a loop without one; longer than any text.</summary>
    public const ushort Unbounded = ushort.MaxValue;

    /// <summary>Flag of an instruction: every match passes it, so the rule fails where it cannot be met.</summary>
    public const byte Mandatory = 1;

    /// <summary>Flag of a loop: fewest first.</summary>
    public const byte Lazy = 2;

    /// <summary>Longest program, instructions; sizes the matcher's working memory.</summary>
    public const int ProgramMaxLength = 1_024;

    /// <summary>Groups that templates can name: $1 to $9, and the whole match as number 0.</summary>
    public const int Groups = 10;

    /// <summary>Templates of a browser or operating system rule: family, major, minor, patch, patch minor.</summary>
    public const int VersionTemplates = 5;

    /// <summary>Templates of a device rule: family, brand, model.</summary>
    public const int DeviceTemplates = 3;

    // Programs see ASCII as it is; all other characters fall into the few classes that the rules can tell apart.

    /// <summary>Symbols below this one are ASCII characters.</summary>
    public const byte Ascii = 0x80;

    /// <summary>Neither a letter nor a digit nor white space.</summary>
    public const byte Other = 0x80;

    /// <summary>A word character that is no digit.</summary>
    public const byte Letter = 0x81;

    /// <summary>A decimal digit outside ASCII.</summary>
    public const byte Digit = 0x82;

    /// <summary>White space outside ASCII.</summary>
    public const byte Space = 0x83;

    /// <summary>U+212A, which is a k where case is ignored.</summary>
    public const byte KelvinSign = 0x84;

    /// <summary>U+200C and U+200D: word characters for a boundary only.</summary>
    public const byte Joiner = 0x85;

    /// <summary>
    /// Bytes of a set: a bit for each ASCII character, then one for each symbol from <see cref="Ascii"/> on.
    /// </summary>
    public const int SetBytes = 17;
}
