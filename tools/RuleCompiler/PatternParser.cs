using System.Globalization;

namespace Edge.RuleCompiler;

/// <summary>
/// Parses the part of the regular expression language that the rules use, with the meaning .NET gives it: sets, groups,
/// choices, repetitions, <c>^ $ \b \d \w \s \S</c>. Anything else (lookaround, back references, named groups, inline
/// options, other escapes) is refused, because a rule that is understood differently is worse than a build that stops.
/// </summary>
internal sealed class PatternParser
{
    private readonly string _text;
    private readonly bool _ignoresCase;
    private int _at;
    private int _groups;

    private PatternParser(string text, bool ignoresCase) => (_text, _ignoresCase) = (text, ignoresCase);

    /// <summary>
    /// Parses a pattern; throws <see cref="FormatException"/> with the place of what is not understood.
    /// </summary>
    public static Pattern Parse(string text, bool ignoresCase)
    {
        var parser = new PatternParser(text, ignoresCase);
        var pattern = parser.ParseChoice();
        return parser._at == text.Length ? pattern : throw parser.Wrong("unmatched )");
    }

    private Pattern ParseChoice()
    {
        var branches = new List<Pattern> { ParseSequence() };
        while (Take('|'))
        {
            branches.Add(ParseSequence());
        }

        return branches.Count == 1 ? branches[0] : new Pattern.Choice(branches);
    }

    private Pattern.Sequence ParseSequence()
    {
        var items = new List<Pattern>();
        while (_at < _text.Length && _text[_at] is not ('|' or ')'))
        {
            items.Add(ParseRepeat(ParseItem()));
        }

        return new Pattern.Sequence(items);
    }

    private Pattern ParseItem()
    {
        var c = _text[_at++];
        switch (c)
        {
            case '(':
                var number = 0;
                if (!Take('?'))
                {
                    number = ++_groups;
                }
                else if (!Take(':'))
                {
                    throw Wrong("unknown kind of group");
                }

                var inner = ParseChoice();
                if (!Take(')'))
                {
                    throw Wrong("missing )");
                }

                return number > 0 ? new Pattern.Group(number, inner) : inner;
            case '[':
                return new Pattern.Chars(ParseSet());
            case '.':
                return new Pattern.Chars(CharSet.AnyButLineFeed);
            case '^':
                return new Pattern.Start();
            case '$':
                return new Pattern.End();
            case '\\' when Take('b'):
                return new Pattern.Boundary();
            case '\\':
                return new Pattern.Chars(ParseEscape());
            case '*' or '+' or '?' or '{' or '}' or ']':
                throw Wrong($"{c} without an escape");
            default:
                return new Pattern.Chars(Fold(CharSet.Of(c)));
        }
    }

    private Pattern ParseRepeat(Pattern item)
    {
        if (_at == _text.Length)
        {
            return item;
        }

        var (min, max) = (0, (int?)null);
        switch (_text[_at])
        {
            case '*':
                break;
            case '+':
                min = 1;
                break;
            case '?':
                max = 1;
                break;
            case '{':
                var end = _text.IndexOf('}', _at);
                if (end < 0)
                {
                    throw Wrong("missing }");
                }

                var bounds = _text[(_at + 1)..end].Split(',');
                if (bounds.Length > 2 || !TryNumber(bounds[0], out min))
                {
                    throw Wrong("bad repetition");
                }

                if (bounds.Length == 1)
                {
                    max = min;
                }
                else if (bounds[1].Length > 0)
                {
                    max = TryNumber(bounds[1], out var most) && most >= min ? most : throw Wrong("bad repetition");
                }

                _at = end;
                break;
            default:
                return item;
        }
        _at++;
        var isLazy = Take('?');
        if (_at < _text.Length && _text[_at] is '*' or '+' or '?' or '{')
        {
            throw Wrong("repetition of a repetition");
        }

        return new Pattern.Repeat(item, min, max, isLazy);
    }

    private CharSet ParseSet()
    {
        var isNegated = Take('^');
        var set = CharSet.Empty;
        var isFirst = true;
        for (; !Take(']'); isFirst = false)
        {
            if (_at == _text.Length)
            {
                throw Wrong("missing ]");
            }

            if (isFirst && _text[_at] == ']')
            {
                throw Wrong("empty set");
            }

            var (single, first) = ParseMember();
            var isRange = first is not null && _at + 1 < _text.Length && _text[_at] == '-' && _text[_at + 1] != ']';
            if (!isRange)
            {
                set = set.Union(single);
                continue;
            }
            _at++;
            var last = ParseMember().Character ?? throw Wrong("a range needs two characters");
            if (last == '[')
            {
                throw Wrong("subtraction of sets");
            }

            set = set.Union(CharSet.Range(first!.Value, last));
        }
        set = Fold(set);
        return isNegated ? set.Negate() : set;
    }

    /// <summary>One member of a set, and its character when it is a single one.</summary>
    private (CharSet Set, char? Character) ParseMember()
    {
        var c = _text[_at++];
        if (c != '\\')
        {
            return (CharSet.Of(c), c);
        }

        if (_at < _text.Length && !char.IsAsciiLetterOrDigit(_text[_at]))
        {
            return (CharSet.Of(_text[_at]), _text[_at++]);
        }

        return (ParseEscape(), null);
    }

    private CharSet ParseEscape()
    {
        if (_at == _text.Length)
        {
            throw Wrong("lone escape");
        }

        var c = _text[_at++];
        return c switch
        {
            'd' => CharSet.Digits,
            'w' => CharSet.WordChars,
            's' => CharSet.Spaces,
            'S' => CharSet.Spaces.Negate(),
            _ when char.IsAsciiLetterOrDigit(c) || c == '_' => throw Wrong($"unknown escape {c}"),
            _ => CharSet.Of(c),
        };
    }

    private CharSet Fold(CharSet set) => _ignoresCase ? set.IgnoreCase() : set;

    private bool Take(char c)
    {
        if (_at == _text.Length || _text[_at] != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= 1_000;

    private FormatException Wrong(string what) => new($"{what} at character {_at} of {_text}");
}
