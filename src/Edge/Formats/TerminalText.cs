namespace Edge.Formats;

/// <summary>Text that is shown on a terminal and may come from strangers (CWE-150). Pure.</summary>
internal static class TerminalText
{
    /// <summary>
    /// Whether a character is one that a terminal obeys instead of showing it: C0, DEL, C1, and those that change the
    /// order in which others are shown (Unicode Technical Report 36 section 2.10).
    /// </summary>
    public static bool IsControl(char c) =>
        char.IsControl(c)
        || c is '\u061C' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
