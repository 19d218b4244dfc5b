using System.Buffers.Binary;
using System.Text.Unicode;

namespace Edge.Enrichment.Geo;

/// <summary>
/// Reads the data section of a MaxMind DB file (format 2.0) as untrusted bytes: nothing is read outside the section, a
/// pointer may not lead to a pointer, a length may not exceed what is left, and one reader reads at most <see
/// cref="FieldsMax"/> fields, so that no file can make a lookup long. Every method answers false for what is absent as
/// for what is damaged; <see cref="IsDamaged"/> tells them apart. Allocates nothing. One instance per lookup.
/// </summary>
internal ref struct DataReader(ReadOnlySpan<byte> section)
{
    /// <summary>Fields one reader reads at most; the richest published records have some hundreds.</summary>
    public const int FieldsMax = 16_384;

    /// <summary>Longest text that is believed to be a name, bytes of UTF-8.</summary>
    public const int NameMaxBytes = 128;

    private const int TypeShift = 5;
    private const int SizeMask = 0x1f;
    private const int ExtendedTypeBase = 7;
    private const int OneSizeByte = 29;
    private const int TwoSizeBytes = 30;
    private const int SizeBaseOne = 29;
    private const int SizeBaseTwo = 285;
    private const int SizeBaseThree = 65_821;
    private const int PointerBaseTwo = 2_048;
    private const int PointerBaseThree = 526_336;

    private readonly ReadOnlySpan<byte> _section = section;
    private int _fieldsLeft = FieldsMax;

    /// <summary>Whether anything was met that the format does not allow.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Reads the field at an offset, following one pointer.</summary>
    public bool TryRead(int at, out DataField field)
    {
        if (!TryReadControl(at, out var type, out var size, out var payload))
        {
            return Damaged(out field);
        }

        if (type != DataType.Pointer)
        {
            return TryCheck(type, size, payload, out field);
        }

        var after = payload;
        if (!TryReadControl(size, out type, out var targetSize, out payload) || type == DataType.Pointer)
        {
            return Damaged(out field);
        }

        if (!TryCheck(type, targetSize, payload, out field))
        {
            return false;
        }

        field = field with { After = after };
        return true;
    }

    /// <summary>
    /// Finds the offset after the field at an offset, over all its members where that is needed; pointers are not
    /// followed.
    /// </summary>
    public bool TrySkip(int at, out int after)
    {
        after = at;
        for (var open = 1; open > 0; open--)
        {
            if (!TryReadControl(after, out var type, out var size, out var payload))
            {
                return Damaged(out _);
            }

            after = payload;
            if (type == DataType.Pointer)
            {
                continue;
            }

            if (!TryCheck(type, size, payload, out var field))
            {
                return false;
            }

            if (field.After == DataField.Unknown)
            {
                open += field.Type == DataType.Map ? 2 * field.Size : field.Size;
            }
            else
            {
                after = field.After;
            }
        }
        return true;
    }

    /// <summary>Finds the value of a key in a map.</summary>
    public bool TryFind(scoped in DataField map, scoped ReadOnlySpan<byte> key, out DataField value)
    {
        value = default;
        if (map.Type != DataType.Map)
        {
            return false;
        }

        var at = map.At;
        for (var pair = 0; pair < map.Size; pair++)
        {
            if (!TryReadKey(at, out var name))
            {
                return false;
            }

            if (Bytes(name).SequenceEqual(key))
            {
                return TryRead(name.After, out value);
            }

            if (!TrySkip(name.After, out at))
            {
                return false;
            }
        }
        return false;
    }

    /// <summary>Reads one key of a map; its value stands behind it.</summary>
    public bool TryReadKey(int at, out DataField key) =>
        TryRead(at, out key) && (key.Type == DataType.Text || Damaged(out key));

    /// <summary>The payload of a text, bytes or number field.</summary>
    public readonly ReadOnlySpan<byte> Bytes(scoped in DataField field) => _section.Slice(field.At, field.Size);

    /// <summary>A text short enough for a name; empty when it is longer or not UTF-8.</summary>
    public readonly ReadOnlySpan<byte> Name(scoped in DataField field)
    {
        if (field.Type != DataType.Text || field.Size > NameMaxBytes)
        {
            return default;
        }

        var text = Bytes(field);
        return Utf8.IsValid(text) ? text : default;
    }

    /// <summary>An unsigned number of up to 16 bytes.</summary>
    public readonly UInt128 Unsigned(scoped in DataField field)
    {
        UInt128 value = 0;
        foreach (var part in Bytes(field))
        {
            value = value << 8 | part;
        }

        return value;
    }

    /// <summary>A signed number; one written in fewer than four bytes is positive.</summary>
    public readonly int Signed(scoped in DataField field) => (int)(uint)Unsigned(field);

    /// <summary>Reads type and size of a field; for a pointer <paramref name="size"/> is its target.</summary>
    private bool TryReadControl(int at, out DataType type, out int size, out int payload)
    {
        (type, size, payload) = (default, 0, at);
        if (--_fieldsLeft < 0 || (uint)at >= (uint)_section.Length)
        {
            return false;
        }

        var control = _section[at++];
        type = (DataType)(control >> TypeShift);
        if (type == DataType.Pointer)
        {
            return TryReadPointer(control, at, out size, out payload);
        }

        if (type == DataType.Extended)
        {
            if (at >= _section.Length)
            {
                return false;
            }

            type = (DataType)Math.Min(_section[at++] + ExtendedTypeBase, byte.MaxValue);
        }
        size = control & SizeMask;
        if (size >= OneSizeByte)
        {
            var count = size - OneSizeByte + 1;
            if (_section.Length - at < count)
            {
                return false;
            }

            size =
                BigEndian(_section.Slice(at, count))
                + (
                    count == 1 ? SizeBaseOne
                    : count == TwoSizeBytes - OneSizeByte + 1 ? SizeBaseTwo
                    : SizeBaseThree
                );
            at += count;
        }
        payload = at;
        return true;
    }

    /// <summary>
    /// Two bits say how many bytes follow; three more bits are the highest of the target, except in the longest form.
    /// </summary>
    private readonly bool TryReadPointer(byte control, int at, out int target, out int after)
    {
        (target, after) = (0, at);
        var count = (control >> 3 & 0x3) + 1;
        if (_section.Length - at < count)
        {
            return false;
        }

        after = at + count;
        var low = _section.Slice(at, count);
        var high = control & 0x7;
        long value = count switch
        {
            1 => high << 8 | low[0],
            2 => (high << 16 | BigEndian(low)) + PointerBaseTwo,
            3 => (high << 24 | BigEndian(low)) + PointerBaseThree,
            _ => BinaryPrimitives.ReadUInt32BigEndian(low),
        };
        if (value >= _section.Length)
        {
            return false;
        }

        target = (int)value;
        return true;
    }

    /// <summary>Whether the size is one the type can have and the section still holds.</summary>
    private bool TryCheck(DataType type, int size, int payload, out DataField field)
    {
        var left = _section.Length - payload;
        var isSound = type switch
        {
            DataType.Text or DataType.Bytes => size <= left,
            DataType.Double => size == sizeof(double) && size <= left,
            DataType.Float => size == sizeof(float) && size <= left,
            DataType.UInt16 => size <= sizeof(ushort) && size <= left,
            DataType.UInt32 or DataType.Int32 => size <= sizeof(uint) && size <= left,
            DataType.UInt64 => size <= sizeof(ulong) && size <= left,
            DataType.UInt128 => size <= 2 * sizeof(ulong) && size <= left,
            DataType.Boolean => size <= 1,
            // Every member takes at least one byte where it stands.
            DataType.Map => size <= left / 2,
            DataType.Array => size <= left,
            _ => false,
        };
        if (!isSound)
        {
            return Damaged(out field);
        }

        var after = type switch
        {
            DataType.Map or DataType.Array => DataField.Unknown,
            DataType.Boolean => payload,
            _ => payload + size,
        };
        field = new DataField(type, size, payload, after);
        return true;
    }

    private bool Damaged(out DataField field)
    {
        field = default;
        IsDamaged = true;
        return false;
    }

    private static int BigEndian(ReadOnlySpan<byte> bytes) =>
        bytes.Length switch
        {
            1 => bytes[0],
            2 => bytes[0] << 8 | bytes[1],
            _ => bytes[0] << 16 | bytes[1] << 8 | bytes[2],
        };
}
