using System.Globalization;

namespace Edge.Selection;

/// <summary>
/// Numbers as conditions compare them: finite, decimal point, optional sign and exponent, no spaces, no thousands
/// separators, independent of any culture. Versions and dates are no numbers.
/// </summary>
internal static class ConditionNumber
{
    private const NumberStyles Styles =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>Reads the whole text as one number.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out double number) =>
        double.TryParse(text, Styles, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
}
