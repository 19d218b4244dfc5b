using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Enrichment.UserAgents;

/// <summary>One instruction, laid out as in the table.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct RuleInstruction(RuleOp Op, byte Flags, ushort A, ushort B, ushort C);

/// <summary>One rule: where its program stands, what it writes, what must stand in the text.</summary>
/// <param name="Start">First instruction.</param>
/// <param name="Length">Instructions.</param>
/// <param name="Templates">Family and what follows it; null where the rule has none.</param>
/// <param name="Further">Lists of literals besides the trigger; one of each must stand in the text.</param>
internal sealed record UserAgentRule(int Start, int Length, string?[] Templates, ushort[][] Further);

/// <summary>
/// The rules of uap-core as the build compiled them (<see cref="RuleFormat"/>), read from the program's own resources.
/// The table was written by the same build, so a damaged one is a broken program and throws <see
/// cref="InvalidDataException"/>. Immutable after loading, thread safe.
/// </summary>
internal sealed class RuleTable
{
    private const string Resource = "user-agents.bin";

    private RuleTable(ReadOnlySpan<byte> table)
    {
        var reader = new Reader(table);
        if (reader.Int() != unchecked((int)RuleFormat.Magic))
        {
            throw new InvalidDataException("not a table of user-agent rules");
        }

        SetCount = reader.Int();
        Sets = reader.Take(SetCount * RuleFormat.SetBytes).ToArray();
        Runs = reader.Shorts(reader.Int());
        Instructions = MemoryMarshal
            .Cast<byte, RuleInstruction>(reader.Take(reader.Int() * Unsafe.SizeOf<RuleInstruction>()))
            .ToArray();
        var strings = reader.Texts(Encoding.UTF8.GetString);
        var literals = reader.Texts(bytes => bytes.ToArray());
        var ignoresCase = Array.ConvertAll(reader.Take(literals.Length).ToArray(), flag => flag != 0);
        var triggers = new List<(ushort[] Literals, int Rule)>();
        Browsers = ReadRules(ref reader, RuleFormat.VersionTemplates, 0, strings, triggers);
        Systems = ReadRules(ref reader, RuleFormat.VersionTemplates, Browsers.End, strings, triggers);
        Devices = ReadRules(ref reader, RuleFormat.DeviceTemplates, Systems.End, strings, triggers);
        Literals = new LiteralScanner(literals, ignoresCase, triggers, Devices.End);
    }

    /// <summary>Number of sets; set 0 holds the characters that a word boundary is drawn around.</summary>
    public int SetCount { get; }

    /// <summary>The sets, <see cref="RuleFormat.SetBytes"/> each.</summary>
    public byte[] Sets { get; }

    /// <summary>Numbers of sets, in the order runs need them.</summary>
    public ushort[] Runs { get; }

    public RuleInstruction[] Instructions { get; }

    public RuleSection Browsers { get; }

    public RuleSection Systems { get; }

    public RuleSection Devices { get; }

    public LiteralScanner Literals { get; }

    /// <summary>Reads the table out of the program; takes some milliseconds.</summary>
    public static unsafe RuleTable Load()
    {
        using var stream =
            typeof(RuleTable).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidDataException($"the program lacks its resource {Resource}");
        if (stream is UnmanagedMemoryStream memory)
        {
            return new RuleTable(new ReadOnlySpan<byte>(memory.PositionPointer, checked((int)memory.Length)));
        }

        var copy = new byte[stream.Length];
        stream.ReadExactly(copy);
        return new RuleTable(copy);
    }

    private static RuleSection ReadRules(
        ref Reader reader,
        int templates,
        int first,
        string[] strings,
        List<(ushort[] Literals, int Rule)> triggers
    )
    {
        var rules = new UserAgentRule[reader.Int()];
        for (var i = 0; i < rules.Length; i++)
        {
            var (start, length) = (reader.Int(), reader.Int());
            var texts = new string?[templates];
            for (var t = 0; t < templates; t++)
            {
                texts[t] = reader.Short() is var number and > 0 ? strings[number - 1] : null;
            }

            triggers.Add((reader.Shorts(reader.Int()), first + i));
            var further = new ushort[reader.Int()][];
            for (var f = 0; f < further.Length; f++)
            {
                further[f] = reader.Shorts(reader.Int());
            }

            rules[i] = new UserAgentRule(start, length, texts, further);
        }
        return new RuleSection(first, rules);
    }

    /// <summary>Takes one value after the other; a short table throws from the slice.</summary>
    private ref struct Reader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        public int Int() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

        public ushort Short() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

        public ushort[] Shorts(int count) => MemoryMarshal.Cast<byte, ushort>(Take(count * sizeof(ushort))).ToArray();

        public T[] Texts<T>(Func<ReadOnlySpan<byte>, T> read)
        {
            var texts = new T[Int()];
            for (var i = 0; i < texts.Length; i++)
            {
                texts[i] = read(Take(Int()));
            }

            return texts;
        }

        public ReadOnlySpan<byte> Take(int bytes)
        {
            var taken = _rest[..bytes];
            _rest = _rest[bytes..];
            return taken;
        }
    }
}

/// <summary>
/// The rules of one section, numbered from <paramref name="First"/> on among the rules of all sections.
/// </summary>
internal sealed record RuleSection(int First, UserAgentRule[] Rules)
{
    private const int WordBits = 64;

    /// <summary>
    /// Number at which the next section begins: a multiple of 64, so that sections share no word of a bit set.
    /// </summary>
    public int End => First + ((Rules.Length + WordBits - 1) / WordBits * WordBits);
}
