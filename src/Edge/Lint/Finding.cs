namespace Edge.Lint;

/// <summary>The severity of a finding.</summary>
internal enum Severity
{
    /// <summary>Worth knowing; often intended.</summary>
    Note,

    /// <summary>Valid, but probably not what its owner wants.</summary>
    Warning,

    /// <summary>Will not work.</summary>
    Error,
}

/// <summary>Something to check before an experiment is served.</summary>
/// <param name="Severity">The severity.</param>
/// <param name="Code">A word from a closed set, for programs.</param>
/// <param name="Path">
/// Dotted path such as <c>variants[1].conditions.children[0]</c>; empty for the whole definition.
/// </param>
/// <param name="Message">
/// What was found and its consequence, as the rest of a sentence that begins with the path.
/// </param>
internal sealed record Finding(Severity Severity, string Code, string Path, string Message);
