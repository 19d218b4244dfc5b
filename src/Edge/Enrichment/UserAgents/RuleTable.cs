using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Enrichment.UserAgents;

/// <summary>One instruction, with the same layout as in the table.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct RuleInstruction(RuleOp Op, byte Flags, ushort A, ushort B, ushort C);

/// <summary>One rule: its program, its templates and the literals it requires.</summary>
/// <param name="Start">First instruction.</param>
/// <param name="Length">Instructions.</param>
/// <param name="Templates">Templates for the family and the following members; null where the rule has none.</param>
/// <param name="Further">Lists of literals besides the trigger; one of each list must occur in the text.</param>
internal sealed record UserAgentRule(int Start, int Length, string?[] Templates, ushort[][] Further);

/// <summary>
/// The uap-core rules as compiled by the build (<see cref="RuleFormat"/>), read from an embedded resource. The table
/// was written by the same build, so a damaged one means a broken program and throws
/// <see cref="InvalidDataException"/>. Immutable after loading, thread safe.
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

    /// <summary>Number of sets; set 0 contains the word characters for boundaries.</summary>
    public int SetCount { get; }

    /// <summary>The sets, <see cref="RuleFormat.SetBytes"/> bytes each.</summary>
    public byte[] Sets { get; }

    /// <summary>Set numbers, in the order used by runs.</summary>
    public ushort[] Runs { get; }

    public RuleInstruction[] Instructions { get; }

    public RuleSection Browsers { get; }

    public RuleSection Systems { get; }

    public RuleSection Devices { get; }

    public LiteralScanner Literals { get; }

    /// <summary>Loads the table from the resource; takes a few milliseconds.</summary>
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

    /// <summary>Reads values sequentially; a table that is too short throws from the slice.</summary>
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

/// <summary>The rules of one section, numbered from <paramref name="First"/> among the rules of all sections.</summary>
internal sealed record RuleSection(int First, UserAgentRule[] Rules)
{
    private const int WordBits = 64;

    /// <summary>
    /// Number at which the next section begins: a multiple of 64, so that sections share no word of a bit set.
    /// </summary>
    public int End => First + ((Rules.Length + WordBits - 1) / WordBits * WordBits);
}
