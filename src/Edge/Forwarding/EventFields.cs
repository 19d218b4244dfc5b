using System.Text;
using Edge.Events;
using Edge.Journal.Records;

namespace Edge.Forwarding;

/// <summary>
/// Which members of an event a sink gets, and under which names. Values are copied as they are. <c>id</c> always stays:
/// repetitions are recognised by it. Immutable.
/// </summary>
internal sealed class EventFields
{
    // Every member a setting names, with what becomes of it. Few, so they are compared one by one.
    private readonly (byte[] Name, Fate Fate, byte[] NewName)[] _named;
    private readonly bool _keepsUnnamed;

    private EventFields((byte[] Name, Fate Fate, byte[] NewName)[] named, bool keepsUnnamed)
    {
        _named = named;
        _keepsUnnamed = keepsUnnamed;
    }

    private enum Fate
    {
        Keep,
        Drop,
        Rename,
    }

    /// <summary>Null when events stay as they are.</summary>
    public static EventFields? Of(SinkOptions options)
    {
        if (options.FieldsAllow.Length == 0 && options.FieldsDeny.Length == 0 && options.FieldsRename.Count == 0)
        {
            return null;
        }

        var named = new Dictionary<string, (Fate Fate, string NewName)>(StringComparer.Ordinal)
        {
            [EventSchema.Id.Name] = (Fate.Keep, ""),
        };
        foreach (var name in options.FieldsAllow)
        {
            named[name] = (Fate.Keep, "");
        }

        foreach (var (name, newName) in options.FieldsRename)
        {
            if (options.FieldsAllow.Length == 0 || named.ContainsKey(name))
            {
                named[name] = (Fate.Rename, newName);
            }
        }

        foreach (var name in options.FieldsDeny)
        {
            named[name] = (Fate.Drop, "");
        }

        var table = named
            .Select(static pair =>
                (Encoding.UTF8.GetBytes(pair.Key), pair.Value.Fate, Encoding.UTF8.GetBytes(pair.Value.NewName))
            )
            .ToArray();
        return new EventFields(table, keepsUnnamed: options.FieldsAllow.Length == 0);
    }

    /// <summary>Writes the shaped event as the beginning of a record; the caller completes it.</summary>
    public void Write(ReadOnlySpan<byte> json, RecordBatch target)
    {
        var separator = "{"u8;
        var members = new MemberScanner(json);
        while (members.Next())
        {
            if (!Keeps(members.Name, out var name))
            {
                continue;
            }

            target.Write(separator);
            target.Write("\""u8);
            target.Write(name);
            target.Write("\":"u8);
            target.Write(members.Value);
            separator = ","u8;
        }

        target.Write("}"u8);
    }

    private bool Keeps(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> written)
    {
        written = name;
        foreach (var (known, fate, newName) in _named)
        {
            if (!name.SequenceEqual(known))
            {
                continue;
            }

            if (fate == Fate.Rename)
            {
                written = newName;
            }

            return fate != Fate.Drop;
        }

        return _keepsUnnamed;
    }
}
