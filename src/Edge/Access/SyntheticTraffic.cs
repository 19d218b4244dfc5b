using System.Security.Cryptography;
using System.Text;
using Edge.Formats;

namespace Edge.Access;

/// <summary>Why a mark of a test counts for nothing, so that its request is one like every other.</summary>
internal enum IgnoredMark
{
    /// <summary>It is not signed, or is no mark at all.</summary>
    Unsigned,

    /// <summary>There is no such key of the kind synthetic, or it is revoked or expired.</summary>
    UnknownKey,

    /// <summary>The key has not signed it.</summary>
    WrongSignature,

    /// <summary>It has ended, or would end later than a mark may.</summary>
    OutOfTime,
}

/// <summary>
/// Says of which test a request is by its mark. Looks at memory alone; the mark that was accepted last costs a comparison
/// and a look-up, another one an HMAC. Comparisons of secrets take constant time. Thread safe; allocates for a mark that
/// is new.
/// </summary>
internal sealed class SyntheticTraffic(KeyRing keys, TimeProvider time)
{
    /// <summary>What the sender's clock may be ahead.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);

    private readonly long[] _ignored = new long[Enum.GetValues<IgnoredMark>().Length];
    private volatile Accepted? _last;

    /// <summary>Requests whose mark counted for nothing, since the start.</summary>
    public long Ignored(IgnoredMark reason) => Interlocked.Read(ref _ignored[(int)reason]);

    /// <summary>The name of the test; empty when the mark counts for nothing, which is counted.</summary>
    /// <param name="mark">The header as it was sent.</param>
    public byte[] TestOf(ReadOnlySpan<char> mark)
    {
        Span<byte> bytes = stackalloc byte[SyntheticMark.CharsMax];
        return mark.Length <= bytes.Length && Ascii.IsValid(mark)
            ? TestOf(bytes[..Encoding.ASCII.GetBytes(mark, bytes)])
            : Ignore(IgnoredMark.Unsigned);
    }

    /// <inheritdoc cref="TestOf(ReadOnlySpan{char})"/>
    public byte[] TestOf(ReadOnlySpan<byte> mark)
    {
        if (_last is { } last && CryptographicOperations.FixedTimeEquals(last.Mark, mark))
        {
            return keys.FindSigner(last.KeyName) is null ? Ignore(IgnoredMark.UnknownKey)
                : IsInTime(last.UntilSeconds) ? last.Test
                : Ignore(IgnoredMark.OutOfTime);
        }

        if (!SyntheticMark.TryParse(mark, out var read))
        {
            return Ignore(IgnoredMark.Unsigned);
        }

        if (keys.FindSigner(read.KeyName) is not { } hash)
        {
            return Ignore(IgnoredMark.UnknownKey);
        }

        if (!read.IsSignedBy(hash))
        {
            return Ignore(IgnoredMark.WrongSignature);
        }

        if (!IsInTime(read.UntilSeconds))
        {
            return Ignore(IgnoredMark.OutOfTime);
        }

        var accepted = new Accepted(mark.ToArray(), read.Name.ToArray(), read.KeyName, read.UntilSeconds);
        _last = accepted;
        return accepted.Test;
    }

    private bool IsInTime(long untilSeconds)
    {
        var now = time.GetUtcNow();
        return untilSeconds > now.ToUnixTimeSeconds()
            && untilSeconds <= (now + TimeSpan.FromHours(SyntheticMark.HoursMax) + Ahead).ToUnixTimeSeconds();
    }

    private byte[] Ignore(IgnoredMark reason)
    {
        Interlocked.Increment(ref _ignored[(int)reason]);
        return [];
    }

    private sealed record Accepted(byte[] Mark, byte[] Test, long KeyName, long UntilSeconds);
}
