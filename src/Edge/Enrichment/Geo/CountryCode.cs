namespace Edge.Enrichment.Geo;

/// <summary>
/// A country as two letters (ISO 3166-1 alpha-2), or unknown: the default value. Two letters are not checked against
/// the list of countries, because that list changes; <c>XX</c> and <c>ZZ</c>, which the standard leaves to users and
/// everybody uses for "unknown", are unknown. A value; making one allocates nothing.
/// </summary>
internal readonly record struct CountryCode
{
    private const int Letters = 26;

    private static readonly string[] Texts = MakeTexts();
    private static readonly string[] Continents = MakeContinents();

    private readonly ushort _index;

    private CountryCode(int index) => _index = (ushort)index;

    public static CountryCode Unknown => default;

    public bool IsUnknown => _index == 0;

    /// <summary>
    /// Two upper-case letters; empty when unknown. One string per country for the life of the process.
    /// </summary>
    public string Text => Texts[_index];

    /// <summary><c>NA EU AS AF SA OC AN</c>; empty when the country is unknown or on no continent's list.</summary>
    public string Continent => Continents[_index];

    /// <summary>The number behind <see cref="FromNumber"/>, 0 to 676.</summary>
    public int Number => _index;

    /// <summary>The country of a <see cref="Number"/>.</summary>
    public static CountryCode FromNumber(int number) => new(number);

    /// <summary>Reads two letters, in any case; anything else is unknown.</summary>
    public static CountryCode Parse(ReadOnlySpan<byte> text) =>
        text.Length == 2 ? Of((char)text[0], (char)text[1]) : Unknown;

    /// <summary>Reads two letters, in any case; anything else is unknown.</summary>
    public static CountryCode Parse(ReadOnlySpan<char> text) => text.Length == 2 ? Of(text[0], text[1]) : Unknown;

    private static CountryCode Of(char first, char second)
    {
        if (!char.IsAsciiLetter(first) || !char.IsAsciiLetter(second))
        {
            return Unknown;
        }

        var (high, low) = (first & ~0x20, second & ~0x20);
        return high == low && high is 'X' or 'Z' ? Unknown : new((high - 'A') * Letters + (low - 'A') + 1);
    }

    private static string[] MakeTexts()
    {
        var texts = new string[Letters * Letters + 1];
        texts[0] = "";
        for (var i = 0; i < Letters * Letters; i++)
        {
            texts[i + 1] = $"{(char)('A' + i / Letters)}{(char)('A' + i % Letters)}";
        }

        return texts;
    }

    private static string[] MakeContinents()
    {
        var continents = new string[Letters * Letters + 1];
        Array.Fill(continents, "");
        foreach (var (continent, countries) in ContinentTable.Rows)
        {
            for (var at = 0; at < countries.Length; at += 3)
            {
                continents[Parse(countries.AsSpan(at, 2))._index] = continent;
            }
        }
        return continents;
    }
}
