using System.Text.RegularExpressions;
using Edge.Enrichment.UserAgents;
using Edge.RuleCompiler;
using Xunit;

namespace Edge.Tests.Enrichment.UserAgents;

public class UserAgentParserTests
{
    /// <summary>Bounded for the everyday run; <c>Edge.Benchmarks useragents</c> compares tens of thousands.</summary>
    private const int CollectedAgents = 500;

    private const int GeneratedAgents = 1_500;

    private static readonly Lazy<UserAgentParser> Parser = new(() => new UserAgentParser(RuleTable.Load()));

    [Fact]
    public void UserAgents_CollectedAndGenerated_AreParsedAsTheRulesOneByOneDo()
    {
        var rules = UserAgentSamples.ReadRules();
        var naive = new NaiveParser(rules);
        var collected = UserAgentSamples.Collected();
        var step = collected.Count / CollectedAgents;
        var agents = collected
            .Where((_, index) => index % step == 0)
            .Concat(UserAgentSamples.Generated(rules, collected, GeneratedAgents, seed: 5));

        var differences = agents
            .AsParallel()
            .Where(agent => Parser.Value.Parse(agent) != naive.Parse(agent))
            .Take(10)
            .ToArray();

        Assert.Empty(differences);
    }

    [Fact]
    public void Characters_AllOfThem_BelongToTheSetsThatThePlatformPutsThemIn()
    {
        (string Pattern, Func<byte, bool> Has)[] sets =
        [
            (@"\d", symbol => symbol is >= (byte)'0' and <= (byte)'9' or RuleFormat.Digit),
            (@"\w", symbol => IsWord(symbol) && symbol != RuleFormat.Joiner),
            (@"\s", symbol => symbol is >= (byte)'\t' and <= (byte)'\r' or (byte)' ' or RuleFormat.Space),
        ];
        foreach (var (pattern, has) in sets)
        {
            var regex = new Regex(pattern, RegexOptions.CultureInvariant);
            var wrong = Enumerable
                .Range(0, char.MaxValue + 1)
                .Where(c => regex.IsMatch(((char)c).ToString()) != has(UserAgentText.SymbolOf((char)c)));
            Assert.Empty(wrong.Take(10));
        }
        var boundary = new Regex(@"\b", RegexOptions.CultureInvariant);
        Assert.Empty(
            Enumerable
                .Range(0, char.MaxValue + 1)
                .Where(c => boundary.IsMatch(((char)c).ToString()) != IsWord(UserAgentText.SymbolOf((char)c)))
                .Take(10)
        );

        static bool IsWord(byte symbol) =>
            symbol is RuleFormat.Letter or RuleFormat.Digit or RuleFormat.KelvinSign or RuleFormat.Joiner or (byte)'_'
            || (symbol < RuleFormat.Ascii && char.IsAsciiLetterOrDigit((char)symbol));
    }

    [Fact]
    public void Letters_WhereCaseIsIgnored_AreThoseOfThePlatform()
    {
        for (var letter = 'a'; letter <= 'z'; letter++)
        {
            var regex = new Regex(letter.ToString(), RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);
            var set = CharSet.Of(letter).IgnoreCase();
            var platform = Enumerable
                .Range(0, char.MaxValue + 1)
                .Where(c => regex.IsMatch(((char)c).ToString()))
                .Select(c => UserAgentText.SymbolOf((char)c));
            var ours = Enumerable
                .Range(0, RuleFormat.Joiner + 1)
                .Where(symbol =>
                    symbol < RuleFormat.Ascii
                        ? set.Has((char)symbol)
                        : (set.Others >> (symbol - RuleFormat.Ascii) & 1) != 0
                )
                .Select(symbol => (byte)symbol);

            Assert.Equal(platform.Order(), ours.Order());
        }
    }
}
