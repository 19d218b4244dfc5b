using System.Globalization;

namespace Edge.Experiments.Conditions;

/// <summary>
/// Numbers as conditions compare them: finite, decimal point, optional sign and exponent, no spaces, no thousands
/// separators, independent of any culture. Versions and dates are no numbers.
/// </summary>
internal static class ConditionNumber
{
    private const NumberStyles Styles =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>Reads the whole text as one number.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out double number)
    {
        // Hours, weekdays and most quantities are one or two digits.
        if (text.Length is 1 or 2 && char.IsAsciiDigit(text[0]) && char.IsAsciiDigit(text[^1]))
        {
            number = text.Length == 1 ? text[0] - '0' : (text[0] - '0') * 10 + (text[1] - '0');
            return true;
        }
        return double.TryParse(text, Styles, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
    }
}
