namespace Edge.Fleet;

/// <summary>Why an edition is not taken, from a closed set; the label of the metric.</summary>
internal enum EditionFault
{
    /// <summary>Not of the documented form, cut off, beyond a limit, or not what its digest says.</summary>
    Damaged,

    /// <summary>Of another fleet, or not signed with the secret of this one.</summary>
    Foreign,

    /// <summary>Larger than this edge takes, for the memory it has.</summary>
    TooLarge,

    /// <summary>Older than the one in force.</summary>
    Older,

    /// <summary>Changes to an edition that is not the one in force; the whole is asked for next.</summary>
    Unconnected,

    /// <summary>Holds something that this version of the program does not know or allow.</summary>
    NotUnderstood,
}

/// <summary>An edition cannot be taken; what was in force stays.</summary>
/// <param name="fault">The kind of fault.</param>
/// <param name="message">What is wrong, as the rest of a sentence that begins with the edition.</param>
internal sealed class EditionException(EditionFault fault, string message) : Exception(message)
{
    public EditionFault Fault => fault;
}
