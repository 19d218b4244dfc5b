namespace Edge.Requests.Ingestion;

/// <summary>
/// The members of one object that have no place of their own in an event, kept in the order they were sent. One reader
/// at a time.
/// </summary>
/// <param name="placed">Members with a lower index have a place; others are known or unknown, and kept.</param>
internal sealed class OtherMembers(int placed)
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
    /// One object of them all; empty without any. Of a known member sent twice only the last is kept.
    /// </summary>
    /// <param name="body">What they point into.</param>
    /// <param name="values">The value of each known member that won.</param>
    public ReadOnlyMemory<byte> ToObject(ReadOnlySpan<byte> body, ReadOnlySpan<RawValue> values)
    {
        var length = 1;
        foreach (var (member, start, value) in _members)
        {
            if (IsKept(member, value, values))
            {
                length += value.End - start + 1;
            }
        }
        if (length == 1)
        {
            return default;
        }
        // Each member follows the opening brace or a comma; the first byte counted is the closing brace.
        var json = new byte[length];
        var at = 0;
        foreach (var (member, start, value) in _members)
        {
            if (!IsKept(member, value, values))
            {
                continue;
            }

            json[at] = at == 0 ? (byte)'{' : (byte)',';
            body[start..value.End].CopyTo(json.AsSpan(at + 1));
            at += value.End - start + 1;
        }
        json[at] = (byte)'}';
        return json;
    }

    private static bool IsKept(int member, RawValue value, ReadOnlySpan<RawValue> values) =>
        member < 0 || values[member].Start == value.Start;
}
