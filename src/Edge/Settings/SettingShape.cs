namespace Edge.Settings;

/// <summary>What the value of a setting may look like, for schemas and documentation; parsing is its own rule.</summary>
/// <param name="Kind">How it is written.</param>
/// <param name="Min">Smallest number.</param>
/// <param name="Max">Largest number.</param>
/// <param name="Choices">The words of a choice.</param>
internal sealed record SettingShape(SettingKind Kind, long Min = 0, long Max = 0, params string[] Choices);

/// <summary>How the value of a setting is written.</summary>
internal enum SettingKind
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary>A text that is never shown.</summary>
    Secret,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Flag,

    /// <summary>A whole number, with a unit where the key ends in one.</summary>
    Number,

    /// <summary>One of a closed set of words.</summary>
    Choice,

    /// <summary>An array, or items separated by commas.</summary>
    List,

    /// <summary>An object of texts.</summary>
    Map,
}
