using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Edge.Tests.Support;

/// <summary>
/// Writes MaxMind DB files (format 2.0) for tests, written from the format's text and not from the reader: any record
/// size, IPv4 and IPv6 trees, every type, pointers of a chosen form. A map is an array of pairs, so that wrong keys and
/// repeated keys can be written too.
/// </summary>
internal sealed class GeoFileWriter
{
    public static readonly byte[] Marker = [0xab, 0xcd, 0xef, .. "MaxMind.com"u8];

    private readonly List<int[]> _nodes =
    [
        [Nothing, Nothing],
    ];
    private readonly List<byte> _data = [];
    private readonly Dictionary<string, int> _texts = [];

    // A child is a node (0 and up), nothing, or a record: DataBase - offset.
    private const int Nothing = -1;
    private const int DataBase = -2;

    public int RecordBits { get; init; } = 24;

    public bool IsV6 { get; init; }

    public string Type { get; init; } = "Test-City";

    public uint BuildEpoch { get; init; } = 1_767_225_600; // 2026-01-01

    /// <summary>Bytes before the first record, so that pointers need their longer forms.</summary>
    public int Padding { get; init; }

    /// <summary>Writes every pointer with four bytes, whatever its value.</summary>
    public bool HasLongPointers { get; init; }

    public static KeyValuePair<string, object>[] Map(params (string Key, object Value)[] pairs) =>
        [.. pairs.Select(pair => KeyValuePair.Create(pair.Key, pair.Value))];

    /// <summary>A record as the city databases have it.</summary>
    public static object City(string country, string city = "", string region = "", string zone = "") =>
        Map(
            (
                "city",
                Map(("geoname_id", 1u), ("names", Map(("de", city + " (de)"), ("en", city), ("fr", city + " (fr)"))))
            ),
            ("continent", Map(("code", "EU"), ("names", Map(("en", "Somewhere"))))),
            ("country", Map(("geoname_id", 2u), ("iso_code", country), ("names", Map(("en", "Name of " + country))))),
            (
                "location",
                Map(("accuracy_radius", (ushort)10), ("latitude", 52.5), ("longitude", -13.4), ("time_zone", zone))
            ),
            ("subdivisions", new object[] { Map(("iso_code", region), ("names", Map(("en", "Name of " + region)))) })
        );

    /// <summary>A record as the country databases have it.</summary>
    public static object Country(string code) => Map(("country", Map(("iso_code", code))));

    /// <summary>Adds a network such as 192.0.2.0/24; a later one that lies inside replaces its part.</summary>
    public GeoFileWriter Add(string network, object record)
    {
        var offset = WriteRecord(record);
        return AddRaw(network, DataBase - offset);
    }

    /// <summary>Adds a network whose record lies at an offset that the caller chose.</summary>
    public GeoFileWriter AddOffset(string network, int offset) => AddRaw(network, DataBase - offset);

    /// <summary>
    /// Makes an IPv6 network lead to the IPv4 addresses, as published files do for mapped and 6to4 addresses.
    /// </summary>
    public GeoFileWriter AddV4Alias(string network) => AddRaw(network, NodeAt(Bits("0.0.0.0/0", out var depth), depth));

    /// <summary>Writes bytes into the data section as they are and returns their offset.</summary>
    public int WriteRaw(params byte[] bytes)
    {
        Pad();
        var at = _data.Count;
        _data.AddRange(bytes);
        return at;
    }

    /// <summary>Writes a value into the data section and returns its offset.</summary>
    public int WriteRecord(object record)
    {
        // Texts come first, so that the record holds pointers to them.
        Pad();
        CollectTexts(record);
        var at = _data.Count;
        WriteValue(_data, record, hasPointers: true);
        return at;
    }

    public byte[] Build(params (string Key, object Value)[] metadata)
    {
        Pad();
        var file = new List<byte>();
        foreach (var node in _nodes)
        {
            WriteNode(file, ToRecord(node[0]), ToRecord(node[1]));
        }

        file.AddRange(new byte[16]);
        file.AddRange(_data);
        file.AddRange(Marker);
        var pairs = new List<(string Key, object Value)>
        {
            ("binary_format_major_version", (ushort)2),
            ("binary_format_minor_version", (ushort)0),
            ("build_epoch", (ulong)BuildEpoch),
            ("database_type", Type),
            ("description", Map(("en", "test"))),
            ("ip_version", (ushort)(IsV6 ? 6 : 4)),
            ("languages", new object[] { "en" }),
            ("node_count", (uint)_nodes.Count),
            ("record_size", (ushort)RecordBits),
        };
        foreach (var (key, value) in metadata)
        {
            pairs.RemoveAll(pair => pair.Key == key);
            if (value is not DBNull)
            {
                pairs.Add((key, value));
            }
        }
        WriteValue(file, Map([.. pairs]), hasPointers: false);
        return [.. file];
    }

    private void Pad()
    {
        if (_data.Count == 0)
        {
            _data.AddRange(new byte[Padding]);
        }
    }

    private GeoFileWriter AddRaw(string network, int child)
    {
        var bits = Bits(network, out var depth);
        var node = NodeAt(bits, depth - 1);
        _nodes[node][Bit(bits, depth - 1)] = child;
        return this;
    }

    /// <summary>The node reached after so many bits; makes those that are missing.</summary>
    private int NodeAt(UInt128 bits, int depth)
    {
        var node = 0;
        for (var i = 0; i < depth; i++)
        {
            var next = _nodes[node][Bit(bits, i)];
            if (next < 0)
            {
                _nodes.Add([next, next]);
                next = _nodes[node][Bit(bits, i)] = _nodes.Count - 1;
            }
            node = next;
        }
        return node;
    }

    private static int Bit(UInt128 bits, int index) => (int)(bits >> (127 - index) & 1);

    private UInt128 Bits(string network, out int depth)
    {
        var slash = network.IndexOf('/', StringComparison.Ordinal);
        var address = IPAddress.Parse(network[..slash]);
        depth = int.Parse(network[(slash + 1)..]);
        UInt128 bits = 0;
        foreach (var part in address.GetAddressBytes())
        {
            bits = bits << 8 | part;
        }

        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return bits;
        }

        if (!IsV6)
        {
            return bits << 96;
        }

        depth += 96;
        return bits;
    }

    private uint ToRecord(int child) =>
        child switch
        {
            >= 0 => (uint)child,
            Nothing => (uint)_nodes.Count,
            _ => (uint)(_nodes.Count + 16 + (DataBase - child)),
        };

    private void WriteNode(List<byte> file, uint left, uint right)
    {
        switch (RecordBits)
        {
            case 24:
                file.AddRange([
                    (byte)(left >> 16),
                    (byte)(left >> 8),
                    (byte)left,
                    (byte)(right >> 16),
                    (byte)(right >> 8),
                    (byte)right,
                ]);
                break;
            case 28:
                file.AddRange([(byte)(left >> 16), (byte)(left >> 8), (byte)left]);
                file.Add((byte)(left >> 24 << 4 | right >> 24));
                file.AddRange([(byte)(right >> 16), (byte)(right >> 8), (byte)right]);
                break;
            default:
                file.AddRange(BigEndian(left));
                file.AddRange(BigEndian(right));
                break;
        }
    }

    private void CollectTexts(object value)
    {
        switch (value)
        {
            case string text when text.Length > 3 && !_texts.ContainsKey(text):
                _texts[text] = _data.Count;
                WriteValue(_data, text, hasPointers: false);
                break;
            case KeyValuePair<string, object>[] map:
                foreach (var (key, member) in map)
                {
                    CollectTexts(key);
                    CollectTexts(member);
                }
                break;
            case object[] array:
                foreach (var member in array)
                {
                    CollectTexts(member);
                }

                break;
        }
    }

    private void WriteValue(List<byte> to, object value, bool hasPointers)
    {
        switch (value)
        {
            case string text when hasPointers && _texts.TryGetValue(text, out var target):
                to.AddRange(Pointer(target, HasLongPointers));
                break;
            case string text:
                var utf8 = Encoding.UTF8.GetBytes(text);
                to.AddRange([.. Control(2, utf8.Length), .. utf8]);
                break;
            case double number:
                to.AddRange([.. Control(3, 8), .. BigEndian(BitConverter.DoubleToUInt64Bits(number))]);
                break;
            case float number:
                to.AddRange([.. Control(15, 4), .. BigEndian(BitConverter.SingleToUInt32Bits(number))]);
                break;
            case byte[] bytes:
                to.AddRange([.. Control(4, bytes.Length), .. bytes]);
                break;
            case bool flag:
                to.AddRange(Control(14, flag ? 1 : 0));
                break;
            case ushort number:
                WriteUnsigned(to, 5, number);
                break;
            case uint number:
                WriteUnsigned(to, 6, number);
                break;
            case int number:
                to.AddRange([.. Control(8, 4), .. BigEndian((uint)number)]);
                break;
            case ulong number:
                WriteUnsigned(to, 9, number);
                break;
            case UInt128 number:
                WriteUnsigned(to, 10, number);
                break;
            case KeyValuePair<string, object>[] map:
                to.AddRange(Control(7, map.Length));
                foreach (var (key, member) in map)
                {
                    WriteValue(to, key, hasPointers);
                    WriteValue(to, member, hasPointers);
                }
                break;
            case object[] array:
                to.AddRange(Control(11, array.Length));
                foreach (var member in array)
                {
                    WriteValue(to, member, hasPointers);
                }

                break;
            default:
                throw new ArgumentException($"no type of the format for {value.GetType()}");
        }
    }

    /// <summary>Leading zero bytes are left out, as the format allows.</summary>
    private static void WriteUnsigned(List<byte> to, int type, UInt128 value)
    {
        var bytes = new List<byte>();
        for (; value > 0; value >>= 8)
        {
            bytes.Insert(0, (byte)value);
        }

        to.AddRange([.. Control(type, bytes.Count), .. bytes]);
    }

    public static byte[] Pointer(int target, bool isLong = false) =>
        target switch
        {
            _ when isLong => [0b001_11_000, .. BigEndian((uint)target)],
            < 2_048 => [(byte)(0b001_00_000 | target >> 8), (byte)target],
            < 526_336 =>
            [
                (byte)(0b001_01_000 | (target - 2_048) >> 16),
                (byte)((target - 2_048) >> 8),
                (byte)(target - 2_048),
            ],
            < 134_744_064 =>
            [
                (byte)(0b001_10_000 | (target - 526_336) >> 24),
                .. BigEndian((uint)(target - 526_336))[1..],
            ],
            _ => [0b001_11_000, .. BigEndian((uint)target)],
        };

    public static byte[] Control(int type, int size)
    {
        var first = type > 7 ? 0 : type << 5;
        byte[] extended = type > 7 ? [(byte)(type - 7)] : [];
        return size switch
        {
            < 29 => [(byte)(first | size), .. extended],
            < 285 => [(byte)(first | 29), .. extended, (byte)(size - 29)],
            < 65_821 => [(byte)(first | 30), .. extended, (byte)((size - 285) >> 8), (byte)(size - 285)],
            _ => [(byte)(first | 31), .. extended, .. BigEndian((uint)(size - 65_821))[1..]],
        };
    }

    private static byte[] BigEndian(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] BigEndian(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }
}
