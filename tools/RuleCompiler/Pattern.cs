namespace Edge.RuleCompiler;

/// <summary>A parsed pattern, as a tree.</summary>
internal abstract record Pattern
{
    public sealed record Chars(CharSet Set) : Pattern;

    public sealed record Sequence(List<Pattern> Items) : Pattern;

    public sealed record Choice(List<Pattern> Branches) : Pattern;

    /// <param name="Item">What is repeated.</param>
    /// <param name="Min">Fewest times.</param>
    /// <param name="Max">Most times; null is any number.</param>
    /// <param name="IsLazy">Whether fewer are tried first.</param>
    public sealed record Repeat(Pattern Item, int Min, int? Max, bool IsLazy) : Pattern;

    public sealed record Group(int Number, Pattern Item) : Pattern;

    public sealed record Start : Pattern;

    public sealed record End : Pattern;

    public sealed record Boundary : Pattern;

    /// <summary>Characters of the shortest match.</summary>
    public int MinLength =>
        this switch
        {
            Chars => 1,
            Sequence sequence => sequence.Items.Sum(item => item.MinLength),
            Choice choice => choice.Branches.Min(branch => branch.MinLength),
            Repeat repeat => repeat.Min * repeat.Item.MinLength,
            Group group => group.Item.MinLength,
            _ => 0,
        };
}
