using System.Text;
using Edge.Enrichment.Hashing;

namespace Edge.Duplicates;

/// <summary>
/// The scope in which a sender's ids are unique: one API, project and environment, of people or of one test. Hashes ids for <see
/// cref="DuplicateWindow"/>. Immutable; allocates nothing.
/// </summary>
internal readonly struct DuplicateScope
{
    /// <summary>
    /// Bytes of API, project, environment and test that count; all are bounded where keys are issued.
    /// </summary>
    private const int BytesMax = 4_096;

    private readonly SipHash128 _hash;

    /// <param name="root">The hash of the window.</param>
    /// <param name="api">The word of the event's member <c>api</c>.</param>
    /// <param name="project">The word of its member <c>project</c>.</param>
    /// <param name="environment">The word of its member <c>environment</c>; empty when it has none.</param>
    /// <param name="test">The word of its member <c>synthetic</c>; empty when it has none.</param>
    public DuplicateScope(
        SipHash128 root,
        ReadOnlySpan<byte> api,
        ReadOnlySpan<byte> project,
        ReadOnlySpan<byte> environment,
        ReadOnlySpan<byte> test
    )
    {
        // Each is followed by a zero byte, which none of them can contain.
        Span<byte> message = stackalloc byte[BytesMax];
        var written = Append(message, 0, api);
        written = Append(message, written, project);
        written = Append(message, written, environment);
        written = Append(message, written, test);
        var key = root.Compute(message[..written]);
        _hash = new SipHash128((ulong)key, (ulong)(key >> 64));
    }

    /// <inheritdoc cref="DuplicateScope(SipHash128, ReadOnlySpan{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    public static DuplicateScope Of(
        SipHash128 root,
        string api,
        string project,
        string? environment,
        ReadOnlySpan<byte> test = default
    ) =>
        new(
            root,
            Encoding.UTF8.GetBytes(api),
            Encoding.UTF8.GetBytes(project),
            Encoding.UTF8.GetBytes(environment ?? ""),
            test
        );

    /// <summary>The hash of one id.</summary>
    public UInt128 HashOf(ReadOnlySpan<byte> senderId) => _hash.Compute(senderId);

    private static int Append(Span<byte> message, int at, ReadOnlySpan<byte> part)
    {
        part = part[..Math.Min(part.Length, message.Length - at - 1)];
        part.CopyTo(message[at..]);
        message[at + part.Length] = 0;
        return at + part.Length + 1;
    }
}
