using System.Text;
using Edge.Events;
using Edge.Journal.Records;

namespace Edge.Forwarding;

/// <summary>
/// Which members of an event a sink gets, and under which names. Values are copied unchanged. <c>id</c> is always kept:
/// destinations recognise repeated events by it. Immutable.
/// </summary>
internal sealed class EventFields
{
    // The members named in settings and what to do with each. Few, so a linear search will do.
    private readonly (byte[] Name, FieldAction FieldAction, byte[] NewName)[] _named;
    private readonly bool _keepsUnnamed;

    private EventFields((byte[] Name, FieldAction FieldAction, byte[] NewName)[] named, bool keepsUnnamed)
    {
        _named = named;
        _keepsUnnamed = keepsUnnamed;
    }

    private enum FieldAction
    {
        Keep,
        Drop,
        Rename,
    }

    /// <summary>Null when events are sent unchanged.</summary>
    public static EventFields? Of(SinkOptions options)
    {
        if (options.FieldsAllow.Length == 0 && options.FieldsDeny.Length == 0 && options.FieldsRename.Count == 0)
        {
            return null;
        }

        var named = new Dictionary<string, (FieldAction FieldAction, string NewName)>(StringComparer.Ordinal)
        {
            [EventSchema.Id.Name] = (FieldAction.Keep, ""),
        };
        foreach (var name in options.FieldsAllow)
        {
            named[name] = (FieldAction.Keep, "");
        }

        foreach (var (name, newName) in options.FieldsRename)
        {
            if (options.FieldsAllow.Length == 0 || named.ContainsKey(name))
            {
                named[name] = (FieldAction.Rename, newName);
            }
        }

        foreach (var name in options.FieldsDeny)
        {
            named[name] = (FieldAction.Drop, "");
        }

        var table = named
            .Select(static pair =>
                (Encoding.UTF8.GetBytes(pair.Key), pair.Value.FieldAction, Encoding.UTF8.GetBytes(pair.Value.NewName))
            )
            .ToArray();
        return new EventFields(table, keepsUnnamed: options.FieldsAllow.Length == 0);
    }

    /// <summary>Writes the rewritten event as the beginning of a record; the caller completes the record.</summary>
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
        foreach (var (known, action, newName) in _named)
        {
            if (!name.SequenceEqual(known))
            {
                continue;
            }

            if (action == FieldAction.Rename)
            {
                written = newName;
            }

            return action != FieldAction.Drop;
        }

        return _keepsUnnamed;
    }
}
