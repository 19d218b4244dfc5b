using System.Globalization;

namespace Edge.Experiments.Conditions;

/// <summary>
/// Parses numbers as conditions compare them: finite, with a decimal point, optional sign and exponent, no spaces, no
/// thousands separators, independent of culture. Versions and dates are not numbers.
/// </summary>
internal static class ConditionNumber
{
    private const NumberStyles Styles =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>Parses the whole text as one number.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out double number)
    {
        // Fast path: hours, weekdays and most quantities have one or two digits.
        if (text.Length is 1 or 2 && char.IsAsciiDigit(text[0]) && char.IsAsciiDigit(text[^1]))
        {
            number = text.Length == 1 ? text[0] - '0' : (text[0] - '0') * 10 + (text[1] - '0');
            return true;
        }
        return double.TryParse(text, Styles, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
    }
}
