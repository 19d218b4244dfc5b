using System.Text.RegularExpressions;

namespace Edge.Formats;

/// <summary>
/// Judges secrets that a person has chosen: whether somebody who tries words, sequences and repetitions first would
/// find them soon. Random ones pass. Pure.
/// </summary>
internal static partial class ChosenSecret
{
    /// <summary>Minimum length, characters.</summary>
    public const int CharsMin = 16;

    /// <summary>Different characters below which a secret is a repetition.</summary>
    private const int DistinctCharsMin = 6;

    /// <summary>Letters and digits that must be left when words, sequences and repetitions are taken out.</summary>
    private const int UncommonCharsMin = 8;

    /// <summary>Shortest run of neighbours in the alphabet, or of one character, that is a sequence.</summary>
    private const int SequenceCharsMin = 3;

    /// <summary>What secrets are made of when nobody has made one; longer ones first, in lower case.</summary>
    private static readonly string[] CommonWords =
    [
        "qwertyuiop",
        "production",
        "asdfghjkl",
        "iloveyou",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "changeme",
        "password",
        "passwort",
        "superman",
        "internet",
        "computer",
        "standard",
        "zxcvbnm",
        "address",
        "private",
        "replace",
        "trustno",
        "letmein",
        "welcome",
        "default",
        "example",
        "qazwsx",
        "summer",
        "winter",
        "spring",
        "autumn",
        "batman",
        "master",
        "shadow",
        "insert",
        "string",
        "random",
        "monkey",
        "dragon",
        "secret",
        "change",
        "please",
        "qwerty",
        "public",
        "server",
        "super",
        "admin",
        "hello",
        "world",
        "value",
        "token",
        "login",
        "local",
        "stage",
        "staging",
        "1qaz",
        "2wsx",
        "3edc",
        "4rfv",
        "5tgb",
        "6yhn",
        "7ujm",
        "1q2w",
        "3e4r",
        "5t6z",
        "asdf",
        "qwer",
        "zxcv",
        "salt",
        "test",
        "edge",
        "hash",
        "prod",
        "pass",
        "root",
        "user",
        "demo",
        "live",
        "your",
        "here",
        "with",
        "this",
        "some",
        "love",
        "long",
        "1234",
        "the",
        "key",
        "dev",
        "not",
        "and",
        "for",
        "me",
        "my",
    ];

    /// <summary>Why a secret does not protect; null when it does. What stands around it is not part of it.</summary>
    public static string? WeaknessOf(string secret)
    {
        var text = secret.AsSpan().Trim();
        if (text.Length < CharsMin)
        {
            return $"must have at least {CharsMin} characters";
        }

        if (new HashSet<char>(text.ToArray()).Count < DistinctCharsMin)
        {
            return $"must have at least {DistinctCharsMin} different characters";
        }

        var plain = OnePeriod(text.ToString().ToLowerInvariant());
        return Math.Min(UncommonChars(plain), UncommonChars(Spelled(plain))) < UncommonCharsMin
            ? "must not be made of words and sequences that somebody tries first"
            : null;
    }

    private static int UncommonChars(string text)
    {
        foreach (var word in CommonWords)
        {
            text = text.Replace(word, " ", StringComparison.Ordinal);
        }

        text = WithoutSequences(Year().Replace(text, " "));
        return text.Count(char.IsLetterOrDigit);
    }

    /// <summary>Digits and signs that stand for letters as those letters.</summary>
    private static string Spelled(string text) =>
        string.Create(
            text.Length,
            text,
            static (spelled, text) =>
            {
                for (var i = 0; i < text.Length; i++)
                {
                    spelled[i] = text[i] switch
                    {
                        '@' or '4' => 'a',
                        '3' => 'e',
                        '1' or '!' => 'i',
                        '0' => 'o',
                        '$' or '5' => 's',
                        '7' => 't',
                        var other => other,
                    };
                }
            }
        );

    /// <summary>The beginning of which the text is a repetition, or all of it.</summary>
    private static string OnePeriod(string text)
    {
        var period = (text + text).IndexOf(text, 1, StringComparison.Ordinal);
        return text[..period];
    }

    /// <summary>The text without runs of neighbours in the alphabet, up or down, and of one character.</summary>
    private static string WithoutSequences(string text)
    {
        var left = new char[text.Length];
        var count = 0;
        for (var i = 0; i < text.Length;)
        {
            var length = SequenceAt(text, i);
            if (length < SequenceCharsMin)
            {
                left[count++] = text[i++];
            }
            else
            {
                i += length;
            }
        }

        return new string(left, 0, count);
    }

    private static int SequenceAt(string text, int start)
    {
        var length = 1;
        var step = start + 1 < text.Length ? text[start + 1] - text[start] : 2;
        if (Math.Abs(step) > 1)
        {
            return length;
        }

        while (start + length < text.Length && text[start + length] - text[start + length - 1] == step)
        {
            length++;
        }

        return length;
    }

    [GeneratedRegex("(19|20)[0-9]{2}", RegexOptions.CultureInvariant)]
    private static partial Regex Year();
}
