using System.Text;

namespace Edge.Enrichment.Geo;

/// <summary>
/// What a MaxMind DB file says of itself (format 2.0, "Database Metadata"), checked against the limits of the format.
/// </summary>
/// <param name="NodeCount">Nodes of the search tree, at least 1.</param>
/// <param name="RecordBits">Bits of one record: 24, 28 or 32; a node has two.</param>
/// <param name="IsV6">Whether the tree is 128 levels deep, with IPv4 below ::/96.</param>
/// <param name="DatabaseType">Such as <c>GeoLite2-City</c>.</param>
/// <param name="BuiltAt">When the file was built.</param>
internal sealed record DatabaseMetadata(
    uint NodeCount,
    int RecordBits,
    bool IsV6,
    string DatabaseType,
    DateTimeOffset BuiltAt
)
{
    private const ulong EpochMaxSeconds = 253_402_300_799; // the last second of the year 9999
    private const int FormatVersion = 2;

    /// <summary>Largest metadata, marker included (from the format).</summary>
    public const int MaxBytes = 128 * 1024;

    /// <summary>The metadata stand between the last of these and the end of the file.</summary>
    public static ReadOnlySpan<byte> Marker =>
        [
            0xab,
            0xcd,
            0xef,
            (byte)'M',
            (byte)'a',
            (byte)'x',
            (byte)'M',
            (byte)'i',
            (byte)'n',
            (byte)'d',
            (byte)'.',
            (byte)'c',
            (byte)'o',
            (byte)'m',
        ];

    /// <summary>Bytes of one node.</summary>
    public int NodeBytes => RecordBits / 4;

    /// <summary>
    /// Reads the section; null with a sentence in <paramref name="problem"/> when it is not one we can serve from.
    /// </summary>
    public static DatabaseMetadata? Read(ReadOnlySpan<byte> section, out string problem)
    {
        var reader = new DataReader(section);
        problem = "its metadata cannot be read";
        if (!reader.TryRead(0, out var map) || map.Type != DataType.Map)
        {
            return null;
        }

        problem = "";
        var version = Number(ref reader, map, "binary_format_major_version"u8, ref problem);
        var nodes = Number(ref reader, map, "node_count"u8, ref problem);
        var bits = Number(ref reader, map, "record_size"u8, ref problem);
        var ip = Number(ref reader, map, "ip_version"u8, ref problem);
        var epoch = Number(ref reader, map, "build_epoch"u8, ref problem);
        if (problem.Length > 0)
        {
            return null;
        }

        problem = (version, nodes, bits, ip, epoch) switch
        {
            { version: not FormatVersion } =>
                $"its format has version {version}; only version {FormatVersion} can be read",
            { nodes: 0 or > uint.MaxValue } => "its metadata give an impossible node_count",
            { bits: not (24 or 28 or 32) } => "its metadata give a record_size other than 24, 28 and 32",
            { ip: not (4 or 6) } => "its metadata give an ip_version other than 4 and 6",
            { epoch: > EpochMaxSeconds } => "its metadata give an impossible build_epoch",
            _ => "",
        };
        if (problem.Length > 0)
        {
            return null;
        }

        var type = reader.TryFind(map, "database_type"u8, out var text)
            ? Encoding.UTF8.GetString(reader.Name(text))
            : "";
        return new DatabaseMetadata(
            (uint)nodes,
            (int)bits,
            ip == 6,
            type,
            DateTimeOffset.FromUnixTimeSeconds((long)epoch)
        );
    }

    private static ulong Number(ref DataReader reader, in DataField map, ReadOnlySpan<byte> key, ref string problem)
    {
        if (
            reader.TryFind(map, key, out var field)
            && field.Type is DataType.UInt16 or DataType.UInt32 or DataType.UInt64
        )
        {
            return (ulong)reader.Unsigned(field);
        }

        if (problem.Length == 0)
        {
            problem = $"its metadata lack a readable {Encoding.ASCII.GetString(key)}";
        }

        return 0;
    }
}
