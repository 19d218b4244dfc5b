namespace Edge.LoadTests;

/// <summary>What the caller named cannot be run or reached; one line that says what to mend, and exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
