using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Edge.Enrichment.UserAgents;

/// <summary>
/// Finds, in one pass over a text, the literals of the rules that occur in it, and so the rules that can match at all.
/// Literals are looked up by their first four bytes (shorter ones by two) in lower case, in tables that fit into the L1
/// cache, and then compared exactly. Immutable, thread safe; results go to buffers of the caller.
/// </summary>
internal sealed class LiteralScanner
{
    private const int WordBits = 64;
    private const int LongKeyBytes = 4;
    private const int LongBuckets = 4_096;
    private const int ShortBuckets = 1_024;

    /// <summary>Number of zero bytes that must follow the text.</summary>
    public const int PaddingBytes = LongKeyBytes;

    private readonly byte[][] _literals;
    private readonly bool[] _ignoresCase;
    private readonly uint[] _keys;
    private readonly Buckets _long;
    private readonly Buckets _short;
    private readonly ushort[][] _rulesOfLiteral;
    private readonly ulong[] _always;

    /// <param name="literals">ASCII, at least two bytes each.</param>
    /// <param name="ignoresCase">
    /// For each literal, whether it matches in either case; if so, it is given in lower case.
    /// </param>
    /// <param name="triggers">
    /// For each rule, the literals of which any makes it a candidate; a rule without literals is always a candidate.
    /// </param>
    /// <param name="ruleBits">Length of the bit set of candidates.</param>
    public LiteralScanner(
        byte[][] literals,
        bool[] ignoresCase,
        List<(ushort[] Literals, int Rule)> triggers,
        int ruleBits
    )
    {
        (_literals, _ignoresCase) = (literals, ignoresCase);
        _keys = Array.ConvertAll(literals, KeyOf);
        _long = new Buckets(
            literals,
            LongBuckets,
            text => text.Length >= LongKeyBytes,
            text => LongBucket(KeyOf(text))
        );
        _short = new Buckets(
            literals,
            ShortBuckets,
            text => text.Length < LongKeyBytes,
            text => ShortBucket(KeyOf(text))
        );
        _always = new ulong[ruleBits / WordBits];
        var rules = new List<ushort>[literals.Length];
        foreach (var (needed, rule) in triggers)
        {
            if (needed.Length == 0)
            {
                Set(_always, rule);
            }

            foreach (var literal in needed)
            {
                (rules[literal] ??= []).Add(checked((ushort)rule));
            }
        }
        _rulesOfLiteral = Array.ConvertAll(rules, list => list?.ToArray() ?? []);
    }

    /// <summary>Words in the bit set of found literals.</summary>
    public int LiteralWords => (_literals.Length + WordBits - 1) / WordBits;

    /// <summary>Words in the bit set of candidate rules.</summary>
    public int RuleWords => _always.Length;

    /// <summary>Whether a bit is set.</summary>
    public static bool Has(ReadOnlySpan<ulong> bits, int index) =>
        (bits[index / WordBits] >> (index % WordBits) & 1) != 0;

    /// <summary>Fills both bit sets.</summary>
    /// <param name="text">The text.</param>
    /// <param name="folded">The text in lower case, followed by <see cref="PaddingBytes"/> zeros.</param>
    /// <param name="found">Receives the literals that occur in the text.</param>
    /// <param name="candidates">Receives the rules that can match.</param>
    public void Scan(ReadOnlySpan<byte> text, ReadOnlySpan<byte> folded, Span<ulong> found, Span<ulong> candidates)
    {
        found.Clear();
        _always.CopyTo(candidates);
        for (var at = 0; at < text.Length; at++)
        {
            var key = MemoryMarshal.Read<uint>(folded[at..]);
            var longer = _long.Of(LongBucket(key));
            var shorter = _short.Of(ShortBucket(key));
            if (!longer.IsEmpty)
            {
                MatchBucket(longer, key, uint.MaxValue, text[at..], folded[at..], found, candidates);
            }

            if (!shorter.IsEmpty)
            {
                MatchBucket(shorter, key, ushort.MaxValue, text[at..], folded[at..], found, candidates);
            }
        }
    }

    private void MatchBucket(
        ReadOnlySpan<ushort> bucket,
        uint key,
        uint keyMask,
        ReadOnlySpan<byte> text,
        ReadOnlySpan<byte> folded,
        Span<ulong> found,
        Span<ulong> candidates
    )
    {
        foreach (var number in bucket)
        {
            if (((_keys[number] ^ key) & keyMask) != 0 || Has(found, number))
            {
                continue;
            }

            if (!(_ignoresCase[number] ? folded : text).StartsWith(_literals[number]))
            {
                continue;
            }

            Set(found, number);
            foreach (var rule in _rulesOfLiteral[number])
            {
                Set(candidates, rule);
            }
        }
    }

    private static uint KeyOf(byte[] literal)
    {
        var key = 0u;
        for (var i = 0; i < Math.Min(literal.Length, LongKeyBytes); i++)
        {
            key |= (uint)UserAgentText.Fold(literal[i]) << (8 * i);
        }

        return key;
    }

    private static int LongBucket(uint key) => (int)(key * 0x9E37_79B1u >> (32 - BitOperations.Log2(LongBuckets)));

    private static int ShortBucket(uint key) =>
        (int)((key & 0xffff) * 0x9E37_79B1u >> (32 - BitOperations.Log2(ShortBuckets)));

    private static void Set(Span<ulong> bits, int index) => bits[index / WordBits] |= 1UL << (index % WordBits);

    /// <summary>Literal numbers by bucket, stored contiguously.</summary>
    private sealed class Buckets
    {
        private readonly ushort[] _starts;
        private readonly ushort[] _numbers;

        public Buckets(byte[][] literals, int count, Func<byte[], bool> belongs, Func<byte[], int> bucketOf)
        {
            var lists = new List<ushort>[count];
            for (var i = 0; i < literals.Length; i++)
            {
                if (belongs(literals[i]))
                {
                    (lists[bucketOf(literals[i])] ??= []).Add(checked((ushort)i));
                }
            }

            _starts = new ushort[count + 1];
            for (var b = 0; b < count; b++)
            {
                _starts[b + 1] = (ushort)(_starts[b] + (lists[b]?.Count ?? 0));
            }

            _numbers = new ushort[_starts[count]];
            for (var b = 0; b < count; b++)
            {
                lists[b]?.CopyTo(_numbers, _starts[b]);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public ReadOnlySpan<ushort> Of(int bucket) => _numbers.AsSpan(_starts[bucket].._starts[bucket + 1]);
    }
}
