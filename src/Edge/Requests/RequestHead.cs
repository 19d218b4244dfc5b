using System.Buffers;
using System.Runtime.CompilerServices;

namespace Edge.Requests;

/// <summary>Where a header stands in the bytes of a head.</summary>
internal readonly record struct HeaderField(int NameAt, int NameLength, int ValueAt, int ValueLength);

/// <summary>Room on the stack for the headers of a head.</summary>
[InlineArray(Capacity)]
internal struct HeaderFields
{
    public const int Capacity = 64;

    private HeaderField _first;
}

/// <summary>
/// The head of a request without a body: method, target and headers, as they stand in the bytes received. What it reads
/// is a strict subset of RFC 9112: <c>GET</c> or <c>HEAD</c>, a target that is a path and perhaps a query, HTTP/1.1,
/// CR LF behind every line, one plain <c>Host</c>, no folded lines, no control characters, nothing about a body, an
/// upgrade or an expectation. Anything else, and what has not come whole, is not read: somebody else has to judge it.
/// Bytes beyond ASCII are let through in query and header values. Pure; allocates nothing.
/// </summary>
internal ref struct RequestHead
{
    private static readonly SearchValues<byte> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Append(0x7F).Select(static code => (byte)code)]
    );

    /// <summary>Characters of a header's name (RFC 9110 section 5.6.2).</summary>
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8
    );

    private static readonly SearchValues<byte> HostBytes = SearchValues.Create(
        "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8
    );

    /// <summary>The request as it was received.</summary>
    private readonly ReadOnlySpan<byte> _bytes;

    private RequestHead(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Whether the method is HEAD, else it is GET.</summary>
    public bool IsHead { get; private set; }

    /// <summary>The path as it was sent.</summary>
    public ReadOnlySpan<byte> Path { get; private set; }

    /// <summary>The query with its question mark; empty without one.</summary>
    public ReadOnlySpan<byte> Query { get; private set; }

    /// <summary>Whether the client ends the connection with this request.</summary>
    public bool IsLast { get; private set; }

    /// <summary>Length of the head, with the empty line.</summary>
    public int Length { get; private set; }

    /// <summary>The name of a header, in the case it was sent in.</summary>
    public readonly ReadOnlySpan<byte> NameOf(in HeaderField field) => _bytes.Slice(field.NameAt, field.NameLength);

    /// <summary>The value of a header, without the blanks around it.</summary>
    public readonly ReadOnlySpan<byte> ValueOf(in HeaderField field) => _bytes.Slice(field.ValueAt, field.ValueLength);

    /// <summary>Reads a head; false when it is none of these, or not whole.</summary>
    /// <param name="bytes">What was received; more may follow the head.</param>
    /// <param name="limits">The longest head that is read.</param>
    /// <param name="fields">Where the headers are noted.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="head">The head.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> bytes,
        in HeadLimits limits,
        Span<HeaderField> fields,
        out int count,
        out RequestHead head
    )
    {
        head = new RequestHead(bytes);
        count = 0;
        if (head.ReadRequestLine(limits.LineBytesMax) is not (> 0 and var at))
        {
            return false;
        }

        var headersAt = at;
        var hosts = 0;
        while (true)
        {
            var rest = bytes[at..];
            var end = rest.IndexOfAny(Controls);
            if (end < 0 || end + 1 >= rest.Length || rest[end] != '\r' || rest[end + 1] != '\n')
            {
                return false;
            }

            if (end == 0)
            {
                head.Length = at + 2;
                return hosts == 1 && head.Length - headersAt <= limits.HeaderBytesMax;
            }

            if (
                count == fields.Length
                || count == limits.CountMax
                || !TryReadField(rest[..end], at, out var field)
                || !head.Judge(field, ref hosts)
            )
            {
                return false;
            }

            fields[count++] = field;
            at += end + 2;
        }
    }

    /// <summary>Reads the request line; what follows it begins at the result, negative when it is none.</summary>
    private int ReadRequestLine(int bytesMax)
    {
        if (_bytes.StartsWith("GET /"u8))
        {
            IsHead = false;
        }
        else if (_bytes.StartsWith("HEAD /"u8))
        {
            IsHead = true;
        }
        else
        {
            return -1;
        }

        var at = IsHead ? "HEAD ".Length : "GET ".Length;
        var rest = _bytes[at..];
        var length = rest.IndexOf((byte)' ');
        if (length < 0 || !rest[length..].StartsWith(" HTTP/1.1\r\n"u8))
        {
            return -1;
        }

        var target = rest[..length];
        if (target.ContainsAny(Controls) || target.Contains((byte)'#'))
        {
            return -1;
        }

        var mark = target.IndexOf((byte)'?');
        Path = mark < 0 ? target : target[..mark];
        Query = mark < 0 ? default : target[mark..];
        var end = at + length + " HTTP/1.1\r\n".Length;
        return end <= bytesMax ? end : -1;
    }

    private static bool TryReadField(ReadOnlySpan<byte> line, int at, out HeaderField field)
    {
        field = default;
        var colon = line.IndexOfAnyExcept(NameBytes);
        if (colon <= 0 || line[colon] != ':')
        {
            return false;
        }

        var value = line[(colon + 1)..];
        var begin = value.IndexOfAnyExcept((byte)' ');
        if (begin < 0)
        {
            field = new HeaderField(at, colon, at + line.Length, 0);
            return true;
        }

        field = new HeaderField(at, colon, at + colon + 1 + begin, value.TrimEnd((byte)' ').Length - begin);
        return true;
    }

    /// <summary>Notes what a header says about connection and host; false when it takes more than this to judge.</summary>
    private bool Judge(in HeaderField field, ref int hosts)
    {
        var name = NameOf(field);
        // By length first: nearly every name is told apart by it and its first letter.
        switch (name.Length)
        {
            case 4 when Is(name, "host"u8):
                hosts++;
                return hosts == 1 && IsPlainHost(ValueOf(field));
            case 6 when Is(name, "expect"u8):
            case 7 when Is(name, "upgrade"u8):
            case 14 when Is(name, "content-length"u8):
            case 17 when Is(name, "transfer-encoding"u8):
                return false;
            case 10 when Is(name, "connection"u8):
                var value = ValueOf(field);
                IsLast |= Is(value, "close"u8);
                return IsLast || Is(value, "keep-alive"u8);
            default:
                return true;
        }
    }

    private static bool IsPlainHost(ReadOnlySpan<byte> host)
    {
        var colon = host.IndexOf((byte)':');
        var name = colon < 0 ? host : host[..colon];
        var port = colon < 0 ? "0"u8 : host[(colon + 1)..];
        return !name.IsEmpty
            && !name.ContainsAnyExcept(HostBytes)
            && port.Length is > 0 and <= 5
            && !port.ContainsAnyExceptInRange((byte)'0', (byte)'9');
    }

    /// <summary>Compares with a text in lower case.</summary>
    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lower) =>
        System.Text.Ascii.EqualsIgnoreCase(name, lower);
}

/// <summary>The longest head that is read.</summary>
/// <param name="LineBytesMax">Bytes of the request line, with its end.</param>
/// <param name="HeaderBytesMax">Bytes of all headers, with the empty line.</param>
/// <param name="CountMax">Number of headers.</param>
internal readonly record struct HeadLimits(int LineBytesMax, int HeaderBytesMax, int CountMax);
