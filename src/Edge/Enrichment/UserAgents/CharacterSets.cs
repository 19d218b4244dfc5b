using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Edge.Enrichment.UserAgents;

/// <summary>
/// One text in the form used by programs and, for each set that a program uses, the positions of its characters
/// (<see cref="PositionSets"/>), computed once per text. Not thread safe.
/// </summary>
internal sealed class CharacterSets(RuleTable table)
{
    /// <summary>Words in a set of positions for the longest text, including its end.</summary>
    public const int MaxWords = (UserAgentText.MaxBytes / WordBits) + 1;

    private const int WordBits = 64;

    /// <summary>The set of word characters for boundaries.</summary>
    private const int BoundarySet = 0;

    private static readonly Vector128<byte> BitOfHighNibble = Vector128.Create(
        (byte)1,
        2,
        4,
        8,
        16,
        32,
        64,
        128,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0
    );

    private readonly byte[] _symbols = new byte[UserAgentText.MaxBytes];
    private readonly byte[] _folded = new byte[UserAgentText.MaxBytes + LiteralScanner.PaddingBytes];
    private readonly byte[] _reversed = new byte[MaxWords * WordBits];
    private readonly Vector128<byte>[] _nibbles = NibblesOf(table);
    private readonly int[] _onlyCharacter = OnlyCharactersOf(table);
    private readonly ulong[] _characters = new ulong[RuleFormat.Ascii * MaxWords];
    private readonly ulong[] _masks = new ulong[table.SetCount * MaxWords];
    private readonly int[] _maskOfText = new int[table.SetCount];
    private readonly ulong[] _boundaries = new ulong[MaxWords];
    private readonly ulong[] _none = new ulong[MaxWords];
    private readonly ulong[] _all = new ulong[MaxWords];
    private int _text;
    private int _boundariesOfText;
    private bool _isAscii;
    private ulong _lowSeen;
    private ulong _highSeen;

    /// <summary>Characters of the text.</summary>
    public int Length { get; private set; }

    /// <summary>Words in a set of positions for this text.</summary>
    public int Words { get; private set; }

    /// <summary>The text in the alphabet of the programs.</summary>
    public ReadOnlySpan<byte> Symbols => _symbols.AsSpan(0, Length);

    /// <summary>The same in lower case, with the padding required by the literal scanner.</summary>
    public ReadOnlySpan<byte> Folded => _folded.AsSpan(0, Length + LiteralScanner.PaddingBytes);

    /// <summary>All positions, including the end of the text.</summary>
    public ReadOnlySpan<ulong> All => _all.AsSpan(0, Words);

    /// <summary>Whether the last character is a line feed.</summary>
    public bool EndsWithLineFeed => Length > 0 && _reversed[0] == '\n';

    /// <summary>Loads the next text, of at most <see cref="UserAgentText.MaxBytes"/> characters.</summary>
    public void Load(ReadOnlySpan<char> text)
    {
        _text++;
        Length = text.Length;
        Words = (Length / WordBits) + 1;
        (_isAscii, _lowSeen, _highSeen) = (true, 0, 0);
        for (var i = 0; i < text.Length; i++)
        {
            var symbol = UserAgentText.SymbolOf(text[i]);
            _symbols[i] = symbol;
            _reversed[Length - 1 - i] = symbol;
            _folded[i] = UserAgentText.Fold(symbol);
            if (symbol < RuleFormat.Ascii)
            {
                RecordPosition(symbol, Length - 1 - i);
            }
            else
            {
                _isAscii = false;
            }
        }
        _folded.AsSpan(Length, LiteralScanner.PaddingBytes).Clear();
        _all.AsSpan(0, Words).Fill(ulong.MaxValue);
        _all[Words - 1] = ulong.MaxValue >> (WordBits - 1 - (Length % WordBits));
    }

    /// <summary>The positions of the characters of a set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<ulong> Of(int set)
    {
        if (_onlyCharacter[set] is var only and >= 0)
        {
            return IsSeen(only) ? _characters.AsSpan(only * MaxWords, Words) : _none.AsSpan(0, Words);
        }

        return _maskOfText[set] == _text ? _masks.AsSpan(set * MaxWords, Words) : Find(set);
    }

    /// <summary>
    /// The word boundaries: positions between a word character and a non-word character or the edge of the text.
    /// </summary>
    public ReadOnlySpan<ulong> Boundaries()
    {
        var boundaries = _boundaries.AsSpan(0, Words);
        if (_boundariesOfText == _text)
        {
            return boundaries;
        }

        var carry = 0UL;
        var set = Of(BoundarySet);
        for (var w = 0; w < Words; w++)
        {
            boundaries[w] = set[w] ^ ((set[w] << 1) | carry);
            carry = set[w] >> (WordBits - 1);
        }
        _boundariesOfText = _text;
        return boundaries;
    }

    private bool IsSeen(int character) =>
        ((character < WordBits ? _lowSeen : _highSeen) >> (character % WordBits) & 1) != 0;

    /// <summary>Records the position of an ASCII character; most sets consist of a single one.</summary>
    private void RecordPosition(byte character, int at)
    {
        var row = _characters.AsSpan(character * MaxWords, Words);
        if (!IsSeen(character))
        {
            row.Clear();
            if (character < WordBits)
            {
                _lowSeen |= 1UL << character;
            }
            else
            {
                _highSeen |= 1UL << (character - WordBits);
            }
        }
        row[at / WordBits] |= 1UL << (at % WordBits);
    }

    private ReadOnlySpan<ulong> Find(int set)
    {
        var mask = _masks.AsSpan(set * MaxWords, Words);
        _maskOfText[set] = _text;
        var nibbles = _nibbles[set];
        var low = Vector128.Create((byte)0x0f);
        for (var w = 0; w < mask.Length; w++)
        {
            var word = 0UL;
            for (var at = 0; at < WordBits; at += Vector128<byte>.Count)
            {
                var symbols = Vector128.Create<byte>(_reversed.AsSpan((w * WordBits) + at, Vector128<byte>.Count));
                var rows = Shuffle(nibbles, symbols & low);
                var bits = Shuffle(BitOfHighNibble, symbols >>> 4);
                word |=
                    (ulong)(~Vector128.Equals(rows & bits, Vector128<byte>.Zero)).ExtractMostSignificantBits() << at;
            }
            mask[w] = word;
        }
        if (!_isAscii)
        {
            FindOthers(set, mask);
        }
        // The last word may contain bits left over from earlier texts.
        mask[^1] &= (1UL << (Length % WordBits)) - 1;
        return mask;
    }

    /// <summary>
    /// Shuffles bytes by hardware instructions; before .NET 10, <c>Vector128.Shuffle</c> falls back to a loop for
    /// indices that are not constant.
    /// </summary>
    private static Vector128<byte> Shuffle(Vector128<byte> table, Vector128<byte> indices) =>
        Ssse3.IsSupported ? Ssse3.Shuffle(table, indices)
        : AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.VectorTableLookup(table, indices)
        : Vector128.Shuffle(table, indices);

    /// <summary>Adds the symbols above ASCII, which do not fit into the nibble table.</summary>
    private void FindOthers(int set, Span<ulong> mask)
    {
        var others = table.Sets[((set + 1) * RuleFormat.SetBytes) - 1];
        for (var i = 0; i < Length; i++)
        {
            var symbol = _reversed[i];
            if (symbol >= RuleFormat.Ascii && (others >> (symbol - RuleFormat.Ascii) & 1) != 0)
            {
                mask[i / WordBits] |= 1UL << (i % WordBits);
            }
        }
    }

    /// <summary>For each set that consists of a single ASCII character, that character; -1 for all others.</summary>
    private static int[] OnlyCharactersOf(RuleTable table)
    {
        var only = new int[table.SetCount];
        for (var set = 0; set < only.Length; set++)
        {
            var bytes = table.Sets.AsSpan(set * RuleFormat.SetBytes, RuleFormat.SetBytes);
            var ascii = BinaryPrimitives.ReadUInt128LittleEndian(bytes);
            only[set] = bytes[^1] == 0 && UInt128.IsPow2(ascii) ? (int)UInt128.TrailingZeroCount(ascii) : -1;
        }
        return only;
    }

    /// <summary>
    /// For each set and each low nibble, a bit for each high nibble with which it forms a member of the set.
    /// </summary>
    private static Vector128<byte>[] NibblesOf(RuleTable table)
    {
        var sets = new Vector128<byte>[table.SetCount];
        Span<byte> rows = stackalloc byte[Vector128<byte>.Count];
        for (var set = 0; set < sets.Length; set++)
        {
            rows.Clear();
            var bitmap = table.Sets.AsSpan(set * RuleFormat.SetBytes, RuleFormat.SetBytes);
            for (var c = 0; c < RuleFormat.Ascii; c++)
            {
                if ((bitmap[c / 8] >> (c % 8) & 1) != 0)
                {
                    rows[c & 0x0f] |= (byte)(1 << (c >> 4));
                }
            }

            sets[set] = Vector128.Create<byte>(rows);
        }
        return sets;
    }
}
