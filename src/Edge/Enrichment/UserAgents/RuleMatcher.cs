using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Edge.Enrichment.UserAgents;

/// <summary>
/// Matches programs against one text, with the same result as a backtracking matcher: the leftmost match, preferring
/// earlier alternatives (Perl, .NET). It never backtracks: whether the rest of a program can succeed depends only on
/// the position, so the program is evaluated once, backwards, each instruction for all positions at the same time,
/// which gives the positions from which the rest can succeed. A forward pass from the leftmost start then takes, at
/// each choice, the first alternative that can succeed. The cost of a rule is its length times the number of words of
/// the text, whatever the text contains. Not thread safe; allocates nothing after construction.
/// </summary>
internal sealed class RuleMatcher(RuleTable table)
{
    private const int WordBits = 64;

    /// <summary>Repetitions that are evaluated one by one; more are evaluated by doubling.</summary>
    private const int SingleStepsMax = 3;

    private const int NoLoop = -1;

    /// <summary>The row shared by all instructions that cannot succeed; never written.</summary>
    private const int EmptyRow = RuleFormat.ProgramMaxLength;

    private readonly ulong[] _rows = new ulong[(RuleFormat.ProgramMaxLength + 1) * CharacterSets.MaxWords];
    private readonly int[] _rowOf = new int[RuleFormat.ProgramMaxLength];
    private readonly ulong[] _taken = new ulong[CharacterSets.MaxWords];
    private readonly ulong[] _runs = new ulong[
        (BitOperations.Log2(UserAgentText.MaxBytes) + 1) * CharacterSets.MaxWords
    ];
    private readonly int[] _marks = new int[RuleFormat.Groups * 2];
    private UserAgentRule? _rule;
    private int _words;

    /// <summary>The text to match.</summary>
    public CharacterSets Text { get; } = new(table);

    /// <summary>Whether the rule matches; if so, <see cref="Group"/> returns the groups until the next call.</summary>
    public bool Matches(UserAgentRule rule)
    {
        _rule = null;
        _words = Text.Words;
        var program = table.Instructions.AsSpan(rule.Start, rule.Length);
        var (loopStart, loopEnd) = (NoLoop, NoLoop);
        for (var i = program.Length - 1; i >= 0; i--)
        {
            if (!Evaluate(program[i], i))
            {
                if ((program[i].Flags & RuleFormat.Mandatory) != 0)
                {
                    return false;
                }

                _rowOf[i] = EmptyRow;
            }
            if (program[i].Op == RuleOp.LoopBack)
            {
                (loopStart, loopEnd) = (program[i].A, i);
            }
            // The end of a loop may continue at the start of its body: repeat until no position is added.
            if (i == loopStart && PositionSets.Union(Row(loopEnd), Row(i)))
            {
                i = loopEnd;
            }
        }
        if (_rowOf[0] == EmptyRow)
        {
            return false;
        }

        _rule = rule;
        FindGroups(program);
        return true;
    }

    /// <summary>The range of a group of the last match; false when it did not participate.</summary>
    public bool Group(int number, out Range range)
    {
        var (start, end) = _rule is null ? (-1, -1) : (_marks[2 * number], _marks[(2 * number) + 1]);
        range = start >= 0 && end >= 0 ? start..end : default;
        return start >= 0 && end >= 0;
    }

    /// <summary>
    /// Computes the positions from which the program can succeed starting with this instruction; false when there are
    /// none.
    /// </summary>
    private bool Evaluate(RuleInstruction instruction, int at)
    {
        // An instruction that does not change the positions shares the row of its successor.
        switch (instruction.Op)
        {
            case RuleOp.Save:
                return Share(at, at + 1);
            case RuleOp.Jump:
                return Share(at, instruction.A);
            case RuleOp.Split when _rowOf[instruction.A] == EmptyRow:
                return Share(at, instruction.B);
            case RuleOp.Split when _rowOf[instruction.B] == EmptyRow:
                return Share(at, instruction.A);
        }
        _rowOf[at] = at;
        var row = Row(at);
        switch (instruction.Op)
        {
            case RuleOp.Match:
                Text.All.CopyTo(row);
                return true;
            case RuleOp.Split:
                Row(instruction.A).CopyTo(row);
                PositionSets.Union(row, Row(instruction.B));
                return true;
            case RuleOp.LoopBack:
                // Needs a row of its own, because the loop adds to it.
                Row(at + 1).CopyTo(row);
                return _rowOf[at + 1] != EmptyRow;
            case var _ when _rowOf[at + 1] == EmptyRow:
                return false;
            case RuleOp.Run:
                return Run(instruction, at, row);
            case RuleOp.Loop:
                return Loop(instruction, at, row);
            case RuleOp.Boundary:
                return Keep(Row(at + 1), Text.Boundaries(), row);
            case RuleOp.Start:
                var isStart = PositionSets.Has(Row(at + 1), Text.Length);
                row.Clear();
                if (isStart)
                {
                    row[Text.Length / WordBits] = 1UL << (Text.Length % WordBits);
                }

                return isStart;
            default:
                var ends = Row(at + 1)[0] & (Text.EndsWithLineFeed ? 3UL : 1UL);
                row.Clear();
                row[0] = ends;
                return ends != 0;
        }
    }

    private bool Share(int at, int other)
    {
        _rowOf[at] = _rowOf[other];
        return _rowOf[at] != EmptyRow;
    }

    private bool Run(RuleInstruction instruction, int at, Span<ulong> row)
    {
        var ends = Row(at + 1);
        for (var i = instruction.A + instruction.B - 1; i >= instruction.A; i--)
        {
            if (!PositionSets.Step(ends, Text.Of(table.Runs[i]), row))
            {
                return false;
            }

            ends = row;
        }
        return true;
    }

    private bool Loop(RuleInstruction instruction, int at, Span<ulong> row)
    {
        var set = Text.Of(instruction.A);
        Row(at + 1).CopyTo(row);
        for (var i = 0; i < instruction.B; i++)
        {
            if (!PositionSets.Step(row, set, row))
            {
                return false;
            }
        }

        var more = instruction.C - instruction.B;
        if (instruction.C == RuleFormat.Unbounded || more >= Text.Length)
        {
            PositionSets.Flood(row, set);
        }
        else if (more <= SingleStepsMax)
        {
            StepUpTo(more, set, row);
        }
        else
        {
            ShiftUpTo(more, set, row);
        }

        return true;
    }

    private void StepUpTo(int most, ReadOnlySpan<ulong> set, Span<ulong> row)
    {
        var taken = _taken.AsSpan(0, row.Length);
        row.CopyTo(taken);
        for (var i = 0; i < most && PositionSets.Step(taken, set, taken); i++)
        {
            PositionSets.Union(row, taken);
        }
    }

    /// <summary>
    /// Takes up to <paramref name="most"/> characters in a logarithmic number of steps: zero or one, zero or two, zero
    /// or four...
    /// </summary>
    private void ShiftUpTo(int most, ReadOnlySpan<ulong> set, Span<ulong> row)
    {
        var (covered, level) = (0, 0);
        set.CopyTo(Runs(0));
        while (true)
        {
            PositionSets.AddShifted(row, Runs(level), 1 << level);
            covered += 1 << level;
            if (covered + (2 << level) > most)
            {
                break;
            }
            // Without a run of that length, no further position can be reached.
            if (!PositionSets.DoubleRuns(Runs(level), 1 << level, Runs(level + 1)))
            {
                return;
            }

            level++;
        }
        for (; level >= 0; level--)
        {
            // The remainder is less than what is covered, so every count up to it can be composed.
            for (; covered + (1 << level) <= most; covered += 1 << level)
            {
                PositionSets.AddShifted(row, Runs(level), 1 << level);
            }
        }
    }

    private Span<ulong> Runs(int level) => _runs.AsSpan(level * CharacterSets.MaxWords, Text.Words);

    private static bool Keep(ReadOnlySpan<ulong> ends, ReadOnlySpan<ulong> where, Span<ulong> row)
    {
        var any = 0UL;
        for (var w = 0; w < row.Length; w++)
        {
            any |= row[w] = ends[w] & where[w];
        }

        return any != 0;
    }

    /// <summary>Sets the marks of the match that a backtracking matcher would find.</summary>
    private void FindGroups(ReadOnlySpan<RuleInstruction> program)
    {
        _marks.AsSpan().Fill(-1);
        var first = Row(0);
        var word = first.LastIndexOfAnyExcept(0UL);
        var position = Text.Length - ((word * WordBits) + BitOperations.Log2(first[word]));
        _marks[0] = position;
        var at = 0;
        while (true)
        {
            var instruction = program[at];
            switch (instruction.Op)
            {
                case RuleOp.Match:
                    _marks[1] = position;
                    return;
                case RuleOp.Run:
                    position += instruction.B;
                    break;
                case RuleOp.Loop:
                    position = EndOfLoop(instruction, at, position);
                    break;
                case RuleOp.Save:
                    _marks[instruction.A] = position;
                    break;
                case RuleOp.Split:
                    at = CanSucceed(instruction.A, position) ? instruction.A : instruction.B;
                    continue;
                case RuleOp.Jump:
                    at = instruction.A;
                    continue;
                case RuleOp.LoopBack:
                    var isLazy = (instruction.Flags & RuleFormat.Lazy) != 0;
                    var again = isLazy ? !CanSucceed(at + 1, position) : CanSucceed(instruction.A, position);
                    at = again ? instruction.A : at + 1;
                    continue;
            }
            at++;
        }
    }

    /// <summary>
    /// The position after a loop: the furthest one, or the nearest if lazy, from which the rest succeeds.
    /// </summary>
    private int EndOfLoop(RuleInstruction loop, int at, int position)
    {
        var set = Text.Of(loop.A);
        var count = (int)loop.B;
        if ((loop.Flags & RuleFormat.Lazy) != 0)
        {
            while (!CanSucceed(at + 1, position + count))
            {
                count++;
            }

            return position + count;
        }
        while (
            count < loop.C
            && position + count < Text.Length
            && PositionSets.Has(set, Text.Length - 1 - position - count)
        )
        {
            count++;
        }

        while (!CanSucceed(at + 1, position + count))
        {
            count--;
        }

        return position + count;
    }

    private bool CanSucceed(int at, int position) => PositionSets.Has(Row(at), Text.Length - position);

    /// <summary>
    /// The row of an instruction. Unchecked access: the row's number is that of an instruction or
    /// <see cref="EmptyRow"/>, so it is in bounds.
    /// </summary>
    private Span<ulong> Row(int at) =>
        MemoryMarshal.CreateSpan(
            ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_rows), _rowOf[at] * CharacterSets.MaxWords),
            _words
        );
}
