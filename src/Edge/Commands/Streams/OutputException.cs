namespace Edge.Commands.Streams;

/// <summary>Standard output takes no more.</summary>
/// <param name="reason">The system's words.</param>
/// <param name="isClosedPipe">Whether the reader at the other end of a pipe has gone.</param>
internal sealed class OutputException(string reason, bool isClosedPipe)
    : Exception($"standard output cannot be written: {reason}")
{
    public bool IsClosedPipe { get; } = isClosedPipe;
}
