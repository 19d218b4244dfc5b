using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;

namespace Edge.Enrichment.Geo;

/// <summary>
/// A record of the database as JSON, for people and tests: maps are objects, bytes are base64, numbers keep every
/// digit, a number that is not finite is null, text that is not UTF-8 has its bad bytes replaced. Depth and the
/// reader's count of fields bound the work, since pointers let a small file describe an enormous record.
/// </summary>
internal static class RecordJson
{
    /// <summary>Maps and arrays inside each other at most; published records have four.</summary>
    private const int DepthMax = 32;

    /// <summary>Bytes of JSON at most: pointers to one long text cost little to write down.</summary>
    private const int JsonMaxBytes = 1 << 20;

    /// <summary>Writes the value at an offset; false when it is damaged, nested too deep or too large.</summary>
    public static bool TryWrite(ref DataReader reader, int at, Utf8JsonWriter json) =>
        TryWrite(ref reader, at, json, 0, out _);

    private static bool TryWrite(ref DataReader reader, int at, Utf8JsonWriter json, int depth, out int after)
    {
        after = at;
        if (
            depth > DepthMax
            || json.BytesCommitted + json.BytesPending > JsonMaxBytes
            || !reader.TryRead(at, out var field)
        )
        {
            return false;
        }

        after = field.After;
        switch (field.Type)
        {
            case DataType.Map:
                return TryWriteMap(ref reader, field, json, depth, ref after);
            case DataType.Array:
                return TryWriteArray(ref reader, field, json, depth, ref after);
            case DataType.Text:
                json.WriteStringValue(reader.Bytes(field));
                return true;
            case DataType.Bytes:
                json.WriteBase64StringValue(reader.Bytes(field));
                return true;
            case DataType.Boolean:
                json.WriteBooleanValue(field.Size == 1);
                return true;
            case DataType.Double:
                WriteNumber(json, BinaryPrimitives.ReadDoubleBigEndian(reader.Bytes(field)));
                return true;
            case DataType.Float:
                WriteNumber(json, BinaryPrimitives.ReadSingleBigEndian(reader.Bytes(field)));
                return true;
            case DataType.Int32:
                json.WriteNumberValue(reader.Signed(field));
                return true;
            default:
                json.WriteRawValue(
                    reader.Unsigned(field).ToString(CultureInfo.InvariantCulture),
                    skipInputValidation: true
                );
                return true;
        }
    }

    private static bool TryWriteMap(
        ref DataReader reader,
        in DataField map,
        Utf8JsonWriter json,
        int depth,
        ref int after
    )
    {
        json.WriteStartObject();
        var at = map.At;
        for (var pair = 0; pair < map.Size; pair++)
        {
            if (!reader.TryReadKey(at, out var key))
            {
                return false;
            }

            json.WritePropertyName(reader.Bytes(key));
            if (!TryWrite(ref reader, key.After, json, depth + 1, out at))
            {
                return false;
            }
        }
        json.WriteEndObject();
        if (after == DataField.Unknown)
        {
            after = at;
        }

        return true;
    }

    private static bool TryWriteArray(
        ref DataReader reader,
        in DataField array,
        Utf8JsonWriter json,
        int depth,
        ref int after
    )
    {
        json.WriteStartArray();
        var at = array.At;
        for (var i = 0; i < array.Size; i++)
        {
            if (!TryWrite(ref reader, at, json, depth + 1, out at))
            {
                return false;
            }
        }
        json.WriteEndArray();
        if (after == DataField.Unknown)
        {
            after = at;
        }

        return true;
    }

    private static void WriteNumber(Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    private static void WriteNumber(Utf8JsonWriter json, float value)
    {
        if (float.IsFinite(value))
        {
            json.WriteNumberValue(value);
        }
        else
        {
            json.WriteNullValue();
        }
    }
}
