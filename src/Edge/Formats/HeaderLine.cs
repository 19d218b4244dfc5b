using System.Runtime.CompilerServices;

namespace Edge.Formats;

/// <summary>
/// One header of a request, each byte held in one char; a header sent twice is two lines. A view of the request's
/// memory.
/// </summary>
/// <param name="Name">Name of the header, in any case.</param>
/// <param name="Value">Its value.</param>
internal readonly record struct HeaderLine(string Name, ReadOnlyMemory<char> Value)
{
    /// <summary>Whether it is the header of this name; names differ in more than case.</summary>
    public bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Room on the stack for the headers of a usual request.</summary>
[InlineArray(Capacity)]
internal struct HeaderLineBuffer
{
    private const int Capacity = 8;

    private HeaderLine _first;
}
