using System.Diagnostics.CodeAnalysis;

namespace Edge.Selection.Conditions;

/// <summary>
/// One instance of the texts that many experiments name, such as <c>utm_source</c> and <c>mobile</c>, so that with
/// thousands of experiments the rules of a tree find them in the processor's cache. A fixed table with one place per
/// hash: a newcomer replaces whoever stands there, so nobody can make it grow. Thread safe; a lost race only costs an
/// instance of its own.
/// </summary>
internal static class SharedText
{
    /// <summary>Places in the table, a power of two.</summary>
    private const int Places = 4_096;

    private static readonly string?[] Texts = new string[Places];

    /// <summary>A text equal to this one.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Of(string? text)
    {
        if (text is null)
        {
            return null;
        }
        ref var place = ref Texts[string.GetHashCode(text) & (Places - 1)];
        if (Volatile.Read(ref place) is { } known && known == text)
        {
            return known;
        }
        Volatile.Write(ref place, text);
        return text;
    }
}
