using System.Text;
using Edge.Enrichment.UserAgents;

namespace Edge.RuleCompiler;

/// <summary>
/// Writes the table that Edge embeds, little-endian: magic, sets, runs, instructions, strings, literals, then the rules
/// of browsers, operating systems and devices. Every list is its length and its items. <c>RuleTable</c> in the service
/// is the reader.
/// </summary>
internal sealed class TableWriter
{
    private readonly ProgramBuilder _programs = new();
    private readonly LiteralTable _literals = new();
    private readonly List<Instruction> _instructions = [];
    private readonly List<string> _strings = [];
    private readonly Dictionary<string, int> _stringNumbers = [];
    private readonly List<List<Compiled>> _sections = [];
    private int _longest;

    public TableWriter(Dictionary<string, List<Rule>> rules)
    {
        Compile(rules["user_agent_parsers"], RuleFile.BrowserFields);
        Compile(rules["os_parsers"], RuleFile.OsFields);
        Compile(rules["device_parsers"], RuleFile.DeviceFields);
    }

    /// <summary>What was compiled, in one line.</summary>
    public string Summary =>
        $"user-agent rules: {string.Join(" + ", _sections.Select(section => section.Count))}, {_instructions.Count} instructions (longest program {_longest}), "
        + $"{_programs.Sets.Count} sets, {_literals.Literals.Count} literals, {_sections.Sum(section => section.Count(rule => rule.Trigger.Count == 0))} without";

    /// <summary>The table's bytes; the same rules always give the same.</summary>
    public byte[] Write()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(RuleFormat.Magic);
        writer.Write(_programs.Sets.Count);
        foreach (var set in _programs.Sets)
        {
            set.Write(writer);
        }

        writer.Write(_programs.Runs.Count);
        foreach (var set in _programs.Runs)
        {
            writer.Write(checked((ushort)set));
        }

        writer.Write(_instructions.Count);
        foreach (var instruction in _instructions)
        {
            Write(writer, instruction);
        }

        WriteTexts(writer, _strings);
        WriteTexts(writer, _literals.Literals.ConvertAll(literal => literal.Text));
        foreach (var literal in _literals.Literals)
        {
            writer.Write(literal.IgnoresCase);
        }

        foreach (var section in _sections)
        {
            writer.Write(section.Count);
            foreach (var rule in section)
            {
                Write(writer, rule);
            }
        }
        writer.Flush();
        return bytes.ToArray();
    }

    private void Compile(List<Rule> rules, string[] fields)
    {
        var compiled = new List<Compiled>();
        foreach (var rule in rules)
        {
            try
            {
                var pattern = PatternParser.Parse(rule.Pattern, rule.IgnoresCase);
                var program = _programs.Build(pattern);
                var (trigger, further) = _literals.Choose(pattern, rule.IgnoresCase);
                compiled.Add(
                    new Compiled(
                        _instructions.Count,
                        program.Count,
                        [.. fields.Select(field => StringOf(rule.Template(field)))],
                        trigger,
                        further
                    )
                );
                _instructions.AddRange(program);
                _longest = Math.Max(_longest, program.Count);
            }
            catch (FormatException e)
            {
                throw new FormatException($"line {rule.Line}: {e.Message}", e);
            }
        }
        _sections.Add(compiled);
    }

    /// <summary>Number of a template, from 1; 0 is none.</summary>
    private int StringOf(string? text)
    {
        if (text is null)
        {
            return 0;
        }

        if (_stringNumbers.TryGetValue(text, out var number))
        {
            return number;
        }

        _strings.Add(text);
        _stringNumbers.Add(text, _strings.Count);
        return _strings.Count;
    }

    private static void Write(BinaryWriter writer, Instruction instruction)
    {
        writer.Write((byte)instruction.Op);
        writer.Write(instruction.Flags);
        writer.Write(checked((ushort)instruction.A));
        writer.Write(checked((ushort)instruction.B));
        writer.Write(checked((ushort)instruction.C));
    }

    private static void Write(BinaryWriter writer, Compiled rule)
    {
        writer.Write(rule.Start);
        writer.Write(rule.Length);
        foreach (var template in rule.Templates)
        {
            writer.Write(checked((ushort)template));
        }

        WriteNumbers(writer, rule.Trigger);
        writer.Write(rule.Further.Count);
        foreach (var list in rule.Further)
        {
            WriteNumbers(writer, list);
        }
    }

    private static void WriteNumbers(BinaryWriter writer, List<int> numbers)
    {
        writer.Write(numbers.Count);
        foreach (var number in numbers)
        {
            writer.Write(checked((ushort)number));
        }
    }

    private static void WriteTexts(BinaryWriter writer, List<string> texts)
    {
        writer.Write(texts.Count);
        foreach (var text in texts)
        {
            var utf8 = Encoding.UTF8.GetBytes(text);
            writer.Write(utf8.Length);
            writer.Write(utf8);
        }
    }

    private sealed record Compiled(int Start, int Length, int[] Templates, List<int> Trigger, List<List<int>> Further);
}
