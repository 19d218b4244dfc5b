using System.Buffers.Binary;

namespace Edge.Enrichment.Geo;

/// <summary>
/// The binary tree of a MaxMind DB file (format 2.0, "Binary Search Tree Section"): one level per bit of the address,
/// each record the next node, nothing, or an offset into the data section. Immutable and thread safe; allocates nothing
/// after construction.
/// </summary>
internal sealed class SearchTree
{
    /// <summary>Zero bytes between the tree and the data section.</summary>
    public const int SeparatorBytes = 16;

    /// <summary>The address has no record.</summary>
    public const int Absent = -1;

    /// <summary>The tree is deeper than an address has bits.</summary>
    public const int Damaged = -2;

    private const int HalfBits = 64;
    private const int V4Bits = 32;
    private const int JumpBits = 16;
    private const int V4PrefixBits = 96;

    private readonly byte[] _file;
    private readonly uint _nodes;
    private readonly int _recordBits;
    private readonly bool _isV6;

    /// <summary>
    /// Where the first 16 bits lead, for IPv4 and for IPv6: those levels cost one read instead of sixteen that wait for
    /// each other.
    /// </summary>
    private readonly uint[] _v4Jumps;
    private readonly uint[] _v6Jumps;

    /// <summary>Takes the tree at the start of a file that is long enough for it and for the separator.</summary>
    public SearchTree(byte[] file, DatabaseMetadata metadata)
    {
        _file = file;
        _nodes = metadata.NodeCount;
        _recordBits = metadata.RecordBits;
        _isV6 = metadata.IsV6;
        _v4Jumps = MakeJumps(_isV6 ? Walk(Walk(0, 0, HalfBits), 0, V4PrefixBits - HalfBits) : 0);
        _v6Jumps = _isV6 ? MakeJumps(0) : [];
    }

    /// <summary>
    /// Whether every record is a node, nothing, or an offset into a data section of this length. Checked once when a
    /// file is opened: a lookup may then rely on it.
    /// </summary>
    public bool IsSound(int dataBytes)
    {
        for (var node = 0u; node < _nodes; node++)
        {
            if (!IsSound(Read(node, 0)) || !IsSound(Read(node, 1)))
            {
                return false;
            }
        }
        return true;

        bool IsSound(uint record) =>
            record <= _nodes
            || (record - _nodes >= SeparatorBytes && record - _nodes - SeparatorBytes < (uint)dataBytes);
    }

    /// <summary>
    /// The offset of an address's record in the data section, or <see cref="Absent"/>, or <see cref="Damaged"/>. An
    /// IPv4 address is given in the low 32 bits.
    /// </summary>
    public int Find(UInt128 address, bool isV4)
    {
        uint record;
        if (isV4)
        {
            record = Walk(
                _v4Jumps[(int)((uint)address >> JumpBits)],
                (ulong)address << (HalfBits - V4Bits + JumpBits),
                V4Bits - JumpBits
            );
        }
        else if (_isV6)
        {
            var high = (ulong)(address >> HalfBits);
            record = Walk(_v6Jumps[(int)(high >> (HalfBits - JumpBits))], high << JumpBits, HalfBits - JumpBits);
            if (record < _nodes)
            {
                record = Walk(record, (ulong)address, HalfBits);
            }
        }
        else
        {
            return Absent;
        }
        if (record == _nodes)
        {
            return Absent;
        }

        return record < _nodes ? Damaged : (int)(record - _nodes - SeparatorBytes);
    }

    private uint[] MakeJumps(uint start)
    {
        var jumps = new uint[1 << JumpBits];
        Fill(start, 0, 0);
        return jumps;

        void Fill(uint record, int depth, int prefix)
        {
            var width = 1 << (JumpBits - depth);
            if (depth == JumpBits || record >= _nodes)
            {
                jumps.AsSpan(prefix, width).Fill(record);
                return;
            }
            Fill(Read(record, 0), depth + 1, prefix);
            Fill(Read(record, 1), depth + 1, prefix + width / 2);
        }
    }

    /// <summary>Follows bits from the highest down, until they are used up or the record is no node.</summary>
    private uint Walk(uint node, ulong bits, int count)
    {
        for (; count > 0 && node < _nodes; count--, bits <<= 1)
        {
            node = Read(node, (int)(bits >> (HalfBits - 1)));
        }

        return node;
    }

    /// <summary>
    /// The left (0) or right (1) record of a node. Records of 24 and 28 bits are read as four bytes; the separator
    /// stands behind the last.
    /// </summary>
    private uint Read(uint node, int side)
    {
        var file = _file.AsSpan();
        switch (_recordBits)
        {
            case 24:
                return BinaryPrimitives.ReadUInt32BigEndian(file[(int)(node * 6 + side * 3)..]) >> 8;
            case 32:
                return BinaryPrimitives.ReadUInt32BigEndian(file[(int)(node * 8 + side * 4)..]);
            default:
                // Seven bytes: three of the left record, one with the highest four bits of both, three of the right.
                var at = (int)(node * 7);
                return side == 0
                    ? (uint)(file[at + 3] >> 4) << 24 | BinaryPrimitives.ReadUInt32BigEndian(file[at..]) >> 8
                    : BinaryPrimitives.ReadUInt32BigEndian(file[(at + 3)..]) & 0x0fff_ffff;
        }
    }
}
