using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Edge.Events;
using Edge.Formats;

namespace Edge.Requests.Ingestion;

/// <summary>
/// Walks once over the bytes of a body and says where the members of its objects are; what they mean is for the API's
/// reader. Values are slices of the body. A byte order mark is skipped, trailing content is an error, of members with
/// the same name the last wins, and those before it are told as ignored. Every method that moves on throws <see cref="JsonException"/> for what is not JSON: the
/// platform's reader knows no other way to say so, and each API's reader catches it in one place. Nothing else is ever
/// thrown for input.
/// </summary>
internal ref struct BodyReader
{
    /// <summary>Deepest nesting that is read, the body's own array or object included (spec 1.4).</summary>
    public const int DepthMax = 64;

    /// <summary>An escaped name is at most this many times as long as the name: <c>\u0061</c>.</summary>
    private const int EscapeBytesMax = 6;

    private readonly ReadOnlyMemory<byte> _body;
    private readonly MemberNames _names;
    private readonly Span<RawValue> _values;
    private readonly OtherMembers? _others;
    private readonly IgnoredMembers? _ignored;
    private Utf8JsonReader _json;

    /// <param name="body">The whole body, valid UTF-8 (<see cref="TryTrim"/>).</param>
    /// <param name="names">The members to look for.</param>
    /// <param name="values">Room for one value of each.</param>
    /// <param name="others">Where members are noted that are not among them; null when they are of no interest.</param>
    /// <param name="ignored">Which of those are not kept; null keeps all.</param>
    public BodyReader(
        ReadOnlyMemory<byte> body,
        MemberNames names,
        Span<RawValue> values,
        OtherMembers? others = null,
        IgnoredMembers? ignored = null
    )
    {
        _body = body;
        _names = names;
        _values = values[..names.Count];
        _others = others;
        _ignored = ignored;
        _json = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = DepthMax });
    }

    /// <summary>The body without its byte order mark; false when it is not UTF-8.</summary>
    public static bool TryTrim(ref ReadOnlyMemory<byte> body)
    {
        if (body.Span.StartsWith("\uFEFF"u8))
        {
            body = body[3..];
        }

        return Utf8.IsValid(body.Span);
    }

    /// <summary>The current token.</summary>
    public readonly JsonTokenType Token => _json.TokenType;

    /// <summary>Where the object read last is in the body.</summary>
    public RawValue Object { get; private set; }

    /// <summary>Whether an object that was read had a known member more than once.</summary>
    public bool HasRepeated { get; private set; }

    /// <summary>The value of a known member of the object read last.</summary>
    public readonly RawValue this[int member] => _values[member];

    /// <summary>Moves to the next token; false behind the end of the body.</summary>
    public bool Next() => _json.Read();

    /// <summary>Moves to the next element of an array; false on its end.</summary>
    public bool NextElement()
    {
        _json.Read();
        return _json.TokenType != JsonTokenType.EndArray;
    }

    /// <summary>
    /// Requires that nothing follows the value the reader has read; throws <see cref="JsonException"/> when something
    /// does.
    /// </summary>
    public void ReadEnd() => _json.Read();

    /// <summary>Skips the current value.</summary>
    public RawValue ReadValue()
    {
        var kind = _json.TokenType;
        var start = (int)_json.TokenStartIndex;
        if (kind == JsonTokenType.String)
        {
            return new RawValue(kind, start, _json.ValueSpan.Length + 2, _json.ValueIsEscaped);
        }

        if (kind is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return new RawValue(kind, start, _json.ValueSpan.Length, false);
        }

        _json.Skip();
        return new RawValue(kind, start, (int)_json.BytesConsumed - start, false);
    }

    /// <summary>
    /// Reads the current object; its members replace those of the one before. False as soon as it is
    /// longer than allowed: the reader is inside it then.
    /// </summary>
    public bool TryReadObject(int bytesMax)
    {
        _values.Clear();
        _others?.Clear();
        var start = (int)_json.TokenStartIndex;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var nameStart = (int)_json.TokenStartIndex;
            var member = _json.ValueIsEscaped ? FindEscaped(_json.ValueSpan) : _names.Find(_json.ValueSpan);
            var isIgnored = member < 0 && IsIgnored();
            _json.Read();
            var value = ReadValue();
            if (member >= 0)
            {
                if (_values[member].IsSent)
                {
                    HasRepeated = true;
                    _ignored?.NoteRepeated(_names[member]);
                }

                _values[member] = value;
            }

            if (value.End - start > bytesMax)
            {
                return false;
            }
            // What makes an event too large to be kept must not be noted member by member.
            if (!isIgnored && value.End - start <= ReceivedEvent.BytesMax)
            {
                _others?.Note(member, nameStart, value);
            }
        }
        Object = new RawValue(JsonTokenType.StartObject, start, (int)_json.BytesConsumed - start, false);
        return Object.Length <= bytesMax;
    }

    /// <summary>Reads the current object, however long it is.</summary>
    public void ReadObject() => TryReadObject(int.MaxValue);

    /// <summary>The value exactly as it was sent; empty when it is absent.</summary>
    public readonly ReadOnlyMemory<byte> Raw(RawValue value) =>
        value.IsAbsent ? default : _body.Slice(value.Start, value.Length);

    /// <summary>
    /// The members of the object that an event has no property for, as one object; empty without any.
    /// </summary>
    public readonly ReadOnlyMemory<byte> Others() => _others is null ? default : _others.ToObject(_body, _values);

    /// <summary>The text of a string member, without quotes and escapes.</summary>
    /// <param name="value">The member.</param>
    /// <param name="charsMax">Most UTF-16 units.</param>
    /// <param name="text">The text; empty unless the answer is <see cref="TextProblem.None"/>.</param>
    public readonly TextProblem ReadText(RawValue value, int charsMax, out ReadOnlyMemory<byte> text) =>
        MemberText.Read(_body, value, charsMax, out text);

    /// <summary>The instant a string member names.</summary>
    /// <param name="value">The member.</param>
    /// <param name="instant">The instant; null when the answer says what is wrong.</param>
    public readonly TextProblem ReadInstant(RawValue value, out DateTimeOffset? instant)
    {
        instant = null;
        var problem = ReadText(value, MemberText.Unlimited, out var text);
        if (problem is not (TextProblem.None or TextProblem.Empty))
        {
            return problem;
        }

        if (!Timestamp.TryParse(text.Span, out var parsed))
        {
            return TextProblem.NotInstant;
        }

        instant = parsed;
        return TextProblem.None;
    }

    /// <summary>Whether the current, unknown, member is not kept.</summary>
    private readonly bool IsIgnored()
    {
        if (_ignored is null || !_json.ValueIsEscaped)
        {
            return _ignored?.TryTake(_json.ValueSpan) == true;
        }

        var escaped = _json.ValueSpan;
        Span<byte> name = stackalloc byte[IgnoredMembers.NameBytesMax * EscapeBytesMax];
        return escaped.Length <= name.Length && JsonEscapes.TryUnescape(escaped, name, out var written)
            ? _ignored.TryTake(name[..written])
            : _ignored.TryTake(escaped);
    }

    private readonly int FindEscaped(scoped ReadOnlySpan<byte> escaped)
    {
        if (escaped.Length > _names.LongestBytes * EscapeBytesMax)
        {
            return -1;
        }

        Span<byte> name = stackalloc byte[escaped.Length];
        return JsonEscapes.TryUnescape(escaped, name, out var written) ? _names.Find(name[..written]) : -1;
    }
}

/// <summary>
/// The members an API knows, each with its index. Found by length first, so a name costs one comparison as a rule.
/// Immutable.
/// </summary>
internal sealed class MemberNames
{
    private readonly byte[][] _names;
    private readonly (byte[] Name, int Index)[][] _byLength;

    /// <param name="names">The members; the index of each is its position.</param>
    public MemberNames(params ReadOnlySpan<string> names)
    {
        All = names.ToArray();
        _names = [.. All.Select(Encoding.UTF8.GetBytes)];
        foreach (var name in _names)
        {
            LongestBytes = Math.Max(LongestBytes, name.Length);
        }

        _byLength = new (byte[], int)[LongestBytes + 1][];
        Array.Fill(_byLength, []);
        for (var index = 0; index < _names.Length; index++)
        {
            var name = _names[index];
            _byLength[name.Length] = [.. _byLength[name.Length], (name, index)];
        }
    }

    /// <summary>The names, each at its index.</summary>
    public IReadOnlyCollection<string> All { get; }

    /// <summary>How many there are; one more than the highest index.</summary>
    public int Count => All.Count;

    /// <summary>Bytes of the longest.</summary>
    public int LongestBytes { get; }

    /// <summary>The name at an index, in UTF-8.</summary>
    public ReadOnlySpan<byte> this[int index] => _names[index];

    /// <summary>
    /// Index of the name, or -1 when it is none of them. Names are compared byte by byte, case included.
    /// </summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        if (name.Length >= _byLength.Length)
        {
            return -1;
        }

        foreach (var (known, index) in _byLength[name.Length])
        {
            if (name.SequenceEqual(known))
            {
                return index;
            }
        }
        return -1;
    }
}

/// <summary>
/// The members of one object that an event has no property for, kept in the order they were sent. One reader
/// at a time.
/// </summary>
/// <param name="placed">Members with a lower index have a place; others are known or unknown, and kept.</param>
/// <param name="context">Index of the member that may state facts of the visitor; negative when there is none.</param>
internal sealed class OtherMembers(int placed, int context = -1)
{
    private readonly List<(int Member, int Start, RawValue Value)> _members = [];

    public void Clear() => _members.Clear();

    /// <param name="member">Index of a known member, -1 for an unknown one.</param>
    /// <param name="start">Where its name begins in the body.</param>
    /// <param name="value">Its value.</param>
    public void Note(int member, int start, RawValue value)
    {
        if (member < 0 || member >= placed)
        {
            _members.Add((member, start, value));
        }
    }

    /// <summary>
    /// One object of them all; empty without any. Of a known member sent twice only the last is kept, and the facts that
    /// <c>context</c> states are left out: no event holds them.
    /// </summary>
    /// <param name="body">What they point into.</param>
    /// <param name="values">The value of each known member that won.</param>
    public ReadOnlyMemory<byte> ToObject(ReadOnlyMemory<byte> body, ReadOnlySpan<RawValue> values)
    {
        var json = new ArrayBufferWriter<byte>();
        foreach (var (member, start, value) in _members)
        {
            if (!IsKept(member, value, values))
            {
                continue;
            }

            json.Write(json.WrittenCount == 0 ? "{"u8 : ","u8);
            json.Write(body.Span[start..value.Start]);
            var raw = body[value.Start..value.End];
            json.Write((member >= 0 && member == context ? VisitorFacts.Without(raw) : raw).Span);
        }
        if (json.WrittenCount == 0)
        {
            return default;
        }

        json.Write("}"u8);
        return json.WrittenMemory;
    }

    private static bool IsKept(int member, RawValue value, ReadOnlySpan<RawValue> values) =>
        member < 0 || values[member].Start == value.Start;
}
