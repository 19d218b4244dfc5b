using System.Buffers;
using System.Text;
using Edge.Experiments;
using Edge.Formats;
using Microsoft.Extensions.Primitives;

namespace Edge.Catalog;

/// <summary>
/// Where a click leads, prepared when the experiment is loaded. Most targets are constant. Others are completed for
/// each click: <c>{clickId}</c> in the query becomes the id of the click's event, and parameters of the click's query
/// that the experiment passes on are appended to the target's query. Scheme, host, port and path are bytes of the stored
/// destination, whatever a click says: what it adds is encoded (RFC 3986 section 2.3) and stands between the query's
/// beginning and the fragment. Immutable; thread safe.
/// </summary>
internal sealed class LinkTarget
{
    /// <summary>Longest completed target; a parameter that does not fit is left out.</summary>
    public const int LocationCharsMax = 4096;

    /// <summary>Most parameters that one click passes on.</summary>
    private const int PassedMax = 32;

    /// <summary>Most parameters of a click's query that are looked at.</summary>
    private const int LookedAtMax = 64;

    /// <summary>Longest value that is passed on, decoded; a cut value would be another one.</summary>
    private const int ValueBytesMax = 1024;

    /// <summary>The macro as a stored destination has it, encoded.</summary>
    private const string ClickIdEncoded = "%7BclickId%7D";

    /// <summary>Characters that mean nothing in a URL and need no encoding (RFC 3986 section 2.3).</summary>
    internal static readonly SearchValues<byte> Unreserved = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"u8
    );

    /// <summary>The target up to its fragment, divided at the macros.</summary>
    private readonly string[] _pieces;

    /// <summary>The fragment with its number sign; empty without one.</summary>
    private readonly string _fragment;

    private readonly PassedParameters? _passed;
    private readonly string[] _ownNames = [];
    private readonly bool _hasQuery;

    /// <param name="location">The stored destination as a Location value, ASCII.</param>
    /// <param name="passed">Which parameters are passed on; null for none. Addresses of apps get none.</param>
    public LinkTarget(string location, PassedParameters? passed)
    {
        var fragment = location.IndexOf('#', StringComparison.Ordinal);
        var head = fragment < 0 ? location : location[..fragment];
        _fragment = fragment < 0 ? "" : location[fragment..];
        var mark = head.IndexOf('?', StringComparison.Ordinal);
        _hasQuery = mark >= 0;
        if (_hasQuery && head.IndexOf(ClickIdEncoded, mark, StringComparison.Ordinal) >= 0)
        {
            var parts = head[mark..].Split(ClickIdEncoded);
            parts[0] = head[..mark] + parts[0];
            _pieces = parts;
        }
        else
        {
            _pieces = [head];
        }
        if (passed is not null && location.StartsWith("http", StringComparison.Ordinal))
        {
            _passed = passed;
            _ownNames = _hasQuery ? NamesIn(head.AsSpan(mark + 1)) : [];
        }
        if (_passed is null && _pieces.Length == 1)
        {
            Constant = location;
        }
    }

    /// <summary>The target of a stored address; null when there is none.</summary>
    public static LinkTarget? Of(string? url, PassedParameters? passed) =>
        Destination.OfStored(url) is { } destination ? new LinkTarget(destination.Location, passed) : null;

    /// <summary>The Location value when it is the same for every click; else empty.</summary>
    public StringValues Constant { get; }

    /// <summary>The Location value of one click.</summary>
    /// <param name="query">The click's query string, with or without its question mark.</param>
    /// <param name="clickId">Id of the click's event, unreserved characters; empty when there is none.</param>
    public StringValues Complete(ReadOnlySpan<char> query, ReadOnlySpan<char> clickId)
    {
        if (Constant.Count > 0)
        {
            return Constant;
        }

        Span<char> room = stackalloc char[LocationCharsMax];
        return new string(room[..Write(query, clickId, room)]);
    }

    /// <summary>Writes the Location value of one click; allocates nothing.</summary>
    /// <param name="query">As for <see cref="Complete"/>.</param>
    /// <param name="clickId">As for <see cref="Complete"/>.</param>
    /// <param name="room"><see cref="LocationCharsMax"/> characters.</param>
    /// <returns>How many characters were written.</returns>
    public int Write(ReadOnlySpan<char> query, ReadOnlySpan<char> clickId, Span<char> room)
    {
        var written = 0;
        for (var i = 0; i < _pieces.Length; i++)
        {
            if (i > 0)
            {
                clickId.CopyTo(room[written..]);
                written += clickId.Length;
            }
            _pieces[i].CopyTo(room[written..]);
            written += _pieces[i].Length;
        }
        if (_passed is not null)
        {
            written = Append(query.TrimStart('?'), room[..^_fragment.Length], written);
        }
        _fragment.CopyTo(room[written..]);
        return written + _fragment.Length;
    }

    /// <summary>Appends the parameters that are passed on, each once, and returns the new length.</summary>
    private int Append(ReadOnlySpan<char> query, Span<char> room, int written)
    {
        Span<byte> name = stackalloc byte[PassedParameters.NameCharsMax];
        Span<byte> value = stackalloc byte[ValueBytesMax];
        Span<(int Start, int Length)> names = stackalloc (int, int)[PassedMax];
        var count = 0;
        var hasQuery = _hasQuery;
        for (var lookedAt = 0; lookedAt < LookedAtMax && count < PassedMax && !query.IsEmpty; lookedAt++)
        {
            QueryParameters.TakePair(ref query, out var sentName, out var sentValue);
            if (
                !QueryParameters.TryDecode(sentName, name, out var nameBytes)
                || !_passed!.Contains(name[..nameBytes])
                || HasOwn(name[..nameBytes])
                || IsPassed(name[..nameBytes], room, names[..count])
                || !QueryParameters.TryDecode(sentValue, value, out var valueBytes)
            )
            {
                continue;
            }
            var encoded = EncodedLength(value[..valueBytes]);
            if (written + nameBytes + encoded + 2 > room.Length)
            {
                continue;
            }
            if (!hasQuery || room[written - 1] is not ('?' or '&'))
            {
                room[written++] = hasQuery ? '&' : '?';
            }
            hasQuery = true;
            names[count++] = (written, nameBytes);
            written += Encoding.ASCII.GetChars(name[..nameBytes], room[written..]);
            room[written++] = '=';
            written += Encode(value[..valueBytes], room[written..]);
        }
        return written;
    }

    private bool HasOwn(ReadOnlySpan<byte> name)
    {
        foreach (var own in _ownNames)
        {
            if (Ascii.Equals(name, own))
            {
                return true;
            }
        }
        return false;
    }

    private static bool IsPassed(
        ReadOnlySpan<byte> name,
        ReadOnlySpan<char> room,
        ReadOnlySpan<(int Start, int Length)> names
    )
    {
        foreach (var (start, length) in names)
        {
            if (Ascii.Equals(name, room.Slice(start, length)))
            {
                return true;
            }
        }
        return false;
    }

    private static int EncodedLength(ReadOnlySpan<byte> value)
    {
        var length = 0;
        foreach (var b in value)
        {
            length += Unreserved.Contains(b) ? 1 : 3;
        }
        return length;
    }

    private static int Encode(ReadOnlySpan<byte> value, Span<char> room)
    {
        const string Hex = "0123456789ABCDEF";
        var written = 0;
        foreach (var b in value)
        {
            if (Unreserved.Contains(b))
            {
                room[written++] = (char)b;
                continue;
            }
            room[written++] = '%';
            room[written++] = Hex[b >> 4];
            room[written++] = Hex[b & 15];
        }
        return written;
    }

    /// <summary>The names in a destination's own query, decoded; those a click cannot have are left out.</summary>
    private static string[] NamesIn(ReadOnlySpan<char> query)
    {
        Span<byte> name = stackalloc byte[PassedParameters.NameCharsMax];
        var names = new List<string>();
        while (!query.IsEmpty)
        {
            QueryParameters.TakePair(ref query, out var encoded, out _);
            if (QueryParameters.TryDecode(encoded, name, out var length) && length > 0)
            {
                names.Add(Encoding.Latin1.GetString(name[..length]));
            }
        }
        return [.. names];
    }
}

/// <summary>Which parameters of a click are passed on to its destination. Immutable; pure.</summary>
internal sealed class PassedParameters
{
    /// <summary>Longest name that is passed on.</summary>
    public const int NameCharsMax = 2 * ExperimentRules.PassedNameCharsMax;

    private readonly byte[][] _names;
    private readonly byte[][] _prefixes;

    /// <param name="names">Names, and beginnings of names with a star behind them; as the reader accepts them.</param>
    private PassedParameters(IReadOnlyList<string> names)
    {
        _names = [.. names.Where(name => name[^1] != '*').Select(Encoding.ASCII.GetBytes)];
        _prefixes = [.. names.Where(name => name[^1] == '*').Select(name => Encoding.ASCII.GetBytes(name[..^1]))];
    }

    /// <summary>What an experiment passes on; null when nothing.</summary>
    public static PassedParameters? Of(Experiment experiment) =>
        experiment.PassQuery is { Count: > 0 } names ? new PassedParameters(names) : null;

    /// <summary>
    /// Whether a parameter of this name is passed on. Names have unreserved characters only, so they need no encoding.
    /// </summary>
    public bool Contains(ReadOnlySpan<byte> name)
    {
        foreach (var known in _names)
        {
            if (name.SequenceEqual(known))
            {
                return true;
            }
        }
        foreach (var prefix in _prefixes)
        {
            if (name.StartsWith(prefix) && name.IndexOfAnyExcept(LinkTarget.Unreserved) < 0)
            {
                return true;
            }
        }
        return false;
    }
}
