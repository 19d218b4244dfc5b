namespace Edge.RuleCompiler;

/// <summary>
/// Texts a match cannot do without: a list of alternatives of which at least one stands in every text that the pattern
/// matches. The service finds the literals of all rules in one pass and runs only rules whose lists are met.
/// </summary>
internal sealed class RequiredLiterals
{
    /// <summary>Alternatives that are multiplied out while neighbours are joined; more end the text.</summary>
    private const int ProductMax = 48;

    /// <summary>Alternatives of one list.</summary>
    private const int ListMax = 600;

    /// <summary>Shorter literals stand nearly everywhere.</summary>
    private const int LengthMin = 2;

    private readonly bool _inLowerCase;

    private RequiredLiterals(bool inLowerCase) => _inLowerCase = inLowerCase;

    /// <summary>The lists of a pattern, each free of duplicates; all of them are necessary.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="inLowerCase">For a pattern that ignores case: the text is meant in lower case too.</param>
    public static List<string[]> Of(Pattern pattern, bool inLowerCase)
    {
        var found = new RequiredLiterals(inLowerCase).Read(pattern);
        if (found.Exact is not null)
        {
            Keep(found.Exact, found.Lists);
        }

        return found.Lists;
    }

    private Found Read(Pattern pattern) =>
        pattern switch
        {
            Pattern.Chars chars => new(OfSet(chars.Set), []),
            Pattern.Sequence sequence => OfSequence(sequence.Items),
            Pattern.Choice choice => OfChoice(choice.Branches),
            Pattern.Group group => Read(group.Item),
            Pattern.Repeat repeat => OfRepeat(repeat),
            _ => new([""], []),
        };

    private HashSet<string>? OfSet(CharSet set) =>
        set.AsciiChars(_inLowerCase) is { Length: <= 4 } characters ? [.. characters.Select(c => c.ToString())] : null;

    private Found OfSequence(List<Pattern> items)
    {
        var lists = new List<string[]>();
        HashSet<string> joined = [""];
        var isWhole = true;
        foreach (var item in items)
        {
            var next = Read(item);
            lists.AddRange(next.Lists);
            if (next.Exact is not null && (long)next.Exact.Count * joined.Count <= ProductMax)
            {
                joined = [.. joined.SelectMany(_ => next.Exact, (head, tail) => head + tail)];
                continue;
            }
            Keep(joined, lists);
            isWhole = false;
            joined = next.Exact is { Count: <= ProductMax } ? next.Exact : [""];
            if (next.Exact is { Count: > ProductMax })
            {
                Keep(next.Exact, lists);
            }
        }
        if (isWhole)
        {
            return new(joined, lists);
        }

        Keep(joined, lists);
        return new(null, lists);
    }

    private Found OfChoice(List<Pattern> branches)
    {
        var read = branches.ConvertAll(Read);
        if (read.TrueForAll(branch => branch.Exact is not null))
        {
            var exact = read.SelectMany(branch => branch.Exact!).ToHashSet();
            return exact.Count <= ListMax ? new(exact, []) : new(null, []);
        }
        // Any branch may be taken, so one list of each of them together is necessary.
        var any = new HashSet<string>();
        foreach (var branch in read)
        {
            if (branch.Exact is not null)
            {
                Keep(branch.Exact, branch.Lists);
            }

            if (branch.Lists.Count == 0)
            {
                return new(null, []);
            }

            any.UnionWith(branch.Lists.MaxBy(list => list.Min(text => text.Length))!);
        }
        var lists = new List<string[]>();
        Keep(any, lists);
        return new(null, lists);
    }

    private Found OfRepeat(Pattern.Repeat repeat)
    {
        var item = Read(repeat.Item);
        if (repeat is { Min: 1, Max: 1 })
        {
            return item;
        }

        if (repeat is { Min: 0, Max: 1 } && item.Exact is { Count: < ProductMax })
        {
            return new([.. item.Exact, ""], []);
        }

        if (repeat.Min == 0)
        {
            return new(null, []);
        }

        if (item.Exact is not null)
        {
            Keep(item.Exact, item.Lists);
        }

        return new(null, item.Lists);
    }

    private static void Keep(HashSet<string> alternatives, List<string[]> lists)
    {
        if (alternatives.Count > ListMax || alternatives.Any(text => text.Length < LengthMin))
        {
            return;
        }
        // A text that holds another one of the list adds nothing.
        string[] shortest =
        [
            .. alternatives.Where(text =>
                !alternatives.Any(other => other != text && text.Contains(other, StringComparison.Ordinal))
            ),
        ];
        lists.Add([.. shortest.Order(StringComparer.Ordinal)]);
    }

    /// <param name="Exact">All texts the part matches, or null when they are too many to name.</param>
    /// <param name="Lists">Lists that are necessary for the part, beyond its exact texts.</param>
    private sealed record Found(HashSet<string>? Exact, List<string[]> Lists);
}
