using Edge.Enrichment.UserAgents;

namespace Edge.RuleCompiler;

/// <summary>
/// One instruction; the operands are explained at <see cref="RuleOp"/>, jumps are relative to the program's start.
/// </summary>
internal readonly record struct Instruction(RuleOp Op, byte Flags, int A, int B, int C);

/// <summary>
/// Turns pattern trees into programs and keeps the tables they share: sets, and runs of sets. A state of a program is
/// the instruction and the position alone (repetitions of groups are written out), which is what lets the matcher treat
/// all positions at once.
/// </summary>
internal sealed class ProgramBuilder
{
    /// <summary>Groups repeated more often than this would make programs too long.</summary>
    private const int GroupRepeatMax = 20;

    private readonly Dictionary<CharSet, int> _setNumbers = [];
    private readonly Dictionary<string, int> _runStarts = [];
    private List<Instruction> _program = [];
    private bool _isInLoop;

    /// <summary>Set 0 is the one that a word boundary is drawn around.</summary>
    public ProgramBuilder() => NumberOf(CharSet.BoundaryChars);

    public List<CharSet> Sets { get; } = [];

    public List<int> Runs { get; } = [];

    /// <summary>
    /// The program of a pattern. Throws <see cref="FormatException"/> when it cannot be written or gets too long.
    /// </summary>
    public List<Instruction> Build(Pattern pattern)
    {
        _program = [];
        Emit(pattern, RuleFormat.Mandatory);
        Add(RuleOp.Match);
        if (_program.Count > RuleFormat.ProgramMaxLength)
        {
            throw new FormatException("the program is too long");
        }

        return _program;
    }

    private void Emit(Pattern pattern, byte mandatory)
    {
        switch (pattern)
        {
            case Pattern.Chars chars:
                EmitRun([chars.Set], mandatory);
                break;
            case Pattern.Sequence sequence:
                EmitSequence(sequence.Items, mandatory);
                break;
            case Pattern.Choice choice:
                EmitChoice(choice.Branches);
                break;
            case Pattern.Group { Number: < RuleFormat.Groups } group:
                Add(RuleOp.Save, 0, 2 * group.Number);
                Emit(group.Item, mandatory);
                Add(RuleOp.Save, 0, (2 * group.Number) + 1);
                break;
            case Pattern.Group group:
                Emit(group.Item, mandatory);
                break;
            case Pattern.Repeat repeat:
                EmitRepeat(repeat, mandatory);
                break;
            case Pattern.Start:
                Add(RuleOp.Start, mandatory);
                break;
            case Pattern.End:
                Add(RuleOp.End, mandatory);
                break;
            default:
                Add(RuleOp.Boundary, mandatory);
                break;
        }
    }

    private void EmitSequence(List<Pattern> items, byte mandatory)
    {
        for (var i = 0; i < items.Count; i++)
        {
            var run = items
                .Skip(i)
                .TakeWhile(item => item is Pattern.Chars)
                .Select(item => ((Pattern.Chars)item).Set)
                .ToList();
            if (run.Count == 0)
            {
                Emit(items[i], mandatory);
                continue;
            }
            EmitRun(run, mandatory);
            i += run.Count - 1;
        }
    }

    private void EmitRun(List<CharSet> sets, byte mandatory)
    {
        var numbers = sets.ConvertAll(NumberOf);
        var key = string.Join(',', numbers);
        if (!_runStarts.TryGetValue(key, out var start))
        {
            _runStarts.Add(key, start = Runs.Count);
            Runs.AddRange(numbers);
        }
        Add(RuleOp.Run, mandatory, start, sets.Count);
    }

    private void EmitChoice(List<Pattern> branches)
    {
        var exits = new List<int>();
        for (var i = 0; i < branches.Count; i++)
        {
            var split = _program.Count;
            var isLast = i == branches.Count - 1;
            if (!isLast)
            {
                Add(RuleOp.Split);
            }

            Emit(branches[i], 0);
            if (isLast)
            {
                continue;
            }

            exits.Add(_program.Count);
            Add(RuleOp.Jump);
            _program[split] = _program[split] with { A = split + 1, B = _program.Count };
        }
        foreach (var exit in exits)
        {
            _program[exit] = _program[exit] with { A = _program.Count };
        }
    }

    private void EmitRepeat(Pattern.Repeat repeat, byte mandatory)
    {
        var lazy = repeat.IsLazy ? RuleFormat.Lazy : (byte)0;
        if (SingleSet(repeat.Item) is { } set)
        {
            Add(RuleOp.Loop, (byte)(mandatory | lazy), NumberOf(set), repeat.Min, repeat.Max ?? RuleFormat.Unbounded);
            return;
        }
        var copies = repeat.Max ?? Math.Max(repeat.Min, 1);
        if (copies > GroupRepeatMax)
        {
            throw new FormatException("a group is repeated too often");
        }

        var splits = new List<int>();
        var lastStart = _program.Count;
        for (var i = 0; i < copies; i++)
        {
            if (i >= repeat.Min)
            {
                splits.Add(_program.Count);
                Add(RuleOp.Split, lazy);
            }
            lastStart = _program.Count;
            if (repeat.Max is null && i == copies - 1)
            {
                EmitLoopBody(repeat, i < repeat.Min ? mandatory : (byte)0);
            }
            else
            {
                Emit(repeat.Item, i < repeat.Min ? mandatory : (byte)0);
            }
        }
        if (repeat.Max is null)
        {
            Add(RuleOp.LoopBack, lazy, lastStart);
        }

        foreach (var split in splits)
        {
            var (first, second) = repeat.IsLazy ? (_program.Count, split + 1) : (split + 1, _program.Count);
            _program[split] = new Instruction(RuleOp.Split, 0, first, second, 0);
        }
    }

    /// <summary>
    /// The matcher works such a loop off to its fixed point; that needs a body that takes something, and no loop
    /// within.
    /// </summary>
    private void EmitLoopBody(Pattern.Repeat repeat, byte mandatory)
    {
        if (_isInLoop || repeat.Item.MinLength == 0)
        {
            throw new FormatException("a repeated group that can be empty or holds another");
        }

        _isInLoop = true;
        Emit(repeat.Item, mandatory);
        _isInLoop = false;
    }

    private static CharSet? SingleSet(Pattern pattern) =>
        pattern switch
        {
            Pattern.Chars chars => chars.Set,
            Pattern.Sequence { Items: [var item] } => SingleSet(item),
            _ => null,
        };

    private int NumberOf(CharSet set)
    {
        if (_setNumbers.TryGetValue(set, out var number))
        {
            return number;
        }

        _setNumbers.Add(set, number = Sets.Count);
        Sets.Add(set);
        return number;
    }

    private void Add(RuleOp op, byte flags = 0, int a = 0, int b = 0, int c = 0) =>
        _program.Add(new Instruction(op, flags, a, b, c));
}
