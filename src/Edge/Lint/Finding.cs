namespace Edge.Lint;

/// <summary>How bad a finding is.</summary>
internal enum Severity
{
    /// <summary>Worth knowing; often meant so.</summary>
    Note,

    /// <summary>Legal, and hardly what its owner wants.</summary>
    Warning,

    /// <summary>Will not work.</summary>
    Error,
}

/// <summary>One thing that somebody should look at before it is served.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Code">A word from a closed set, for programs.</param>
/// <param name="Path">Dotted path such as <c>variants[1].conditions.children[0]</c>; empty for the whole.</param>
/// <param name="Message">What was found and what follows, as the rest of a sentence that begins with the path.</param>
internal sealed record Finding(Severity Severity, string Code, string Path, string Message);
