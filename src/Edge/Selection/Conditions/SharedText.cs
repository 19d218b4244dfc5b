using System.Diagnostics.CodeAnalysis;

namespace Edge.Selection.Conditions;

/// <summary>
/// Interns texts that many experiments use, such as <c>utm_source</c> and <c>mobile</c>, so that with thousands of
/// experiments they stay in the processor's cache. A table of fixed size with one entry per hash: a new text replaces
/// the previous one, so the table cannot grow. Thread safe; a lost race only costs an extra instance.
/// </summary>
internal static class SharedText
{
    /// <summary>Entries in the table, a power of two.</summary>
    private const int TableSize = 4_096;

    private static readonly string?[] Table = new string[TableSize];

    /// <summary>Returns a shared instance equal to the text.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Of(string? text)
    {
        if (text is null)
        {
            return null;
        }
        ref var entry = ref Table[string.GetHashCode(text) & (TableSize - 1)];
        if (Volatile.Read(ref entry) is { } known && known == text)
        {
            return known;
        }
        Volatile.Write(ref entry, text);
        return text;
    }
}
