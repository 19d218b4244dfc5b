namespace Edge.Journal.Records;

/// <summary>
/// How far somebody has taken the journal. <c>default</c> means nothing yet.
/// </summary>
/// <param name="Address">First byte of the log that was not yet taken; 0 = from the beginning of what is held.</param>
/// <param name="Sequence">Sequence of the last record taken; 0 = none. The first record of a journal is 1.</param>
internal readonly record struct JournalCursor(long Address, long Sequence);
