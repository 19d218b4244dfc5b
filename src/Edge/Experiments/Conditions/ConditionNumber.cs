using System.Globalization;

namespace Edge.Experiments.Conditions;

/// <summary>
/// Parses numbers as conditions compare them: finite, with a decimal point, optional sign and exponent, no spaces, no
/// thousands separators, independent of culture. Versions and dates are not numbers. They compare by every digit, so
/// that ids beyond 2^53 differ. Pure; allocates nothing.
/// </summary>
internal static class ConditionNumber
{
    private const NumberStyles Styles =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>Digits that a double always keeps apart (DBL_DIG).</summary>
    public const int DigitsKept = 15;

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

    /// <summary>Compares two numbers, each as its text and what <see cref="TryParse"/> made of it.</summary>
    public static int Compare(ReadOnlySpan<char> left, double leftNumber, ReadOnlySpan<char> right, double rightNumber)
    {
        // Rounding keeps the order, so only numbers that it made equal need a second look.
        if (leftNumber != rightNumber)
        {
            return leftNumber < rightNumber ? -1 : 1;
        }

        return left.Length <= DigitsKept && right.Length <= DigitsKept
            ? 0
            : new Digits(left).CompareTo(new Digits(right));
    }

    /// <summary>The digits of a number from the first that is not 0, and its power of ten.</summary>
    private readonly ref struct Digits
    {
        private readonly ReadOnlySpan<char> _mantissa;
        private readonly long _power;
        private readonly int _sign;

        public Digits(ReadOnlySpan<char> number)
        {
            var exponentAt = number.IndexOfAny('e', 'E');
            var mantissa = exponentAt < 0 ? number : number[..exponentAt];
            var first = mantissa.IndexOfAnyInRange('1', '9');
            if (first < 0)
            {
                return;
            }

            var point = mantissa.IndexOf('.');
            _mantissa = mantissa[first..];
            _sign = mantissa[0] == '-' ? -1 : 1;
            _power = (point < 0 ? mantissa.Length : point) - first + ExponentOf(number, exponentAt);
        }

        public int CompareTo(in Digits other)
        {
            if (_sign != other._sign || _sign == 0)
            {
                return _sign.CompareTo(other._sign);
            }

            return _sign * (_power == other._power ? CompareDigits(other) : _power.CompareTo(other._power));
        }

        private int CompareDigits(in Digits other)
        {
            for (int i = 0, j = 0; i < _mantissa.Length || j < other._mantissa.Length; i++, j++)
            {
                var order = DigitAt(_mantissa, ref i).CompareTo(DigitAt(other._mantissa, ref j));
                if (order != 0)
                {
                    return order;
                }
            }

            return 0;
        }

        /// <summary>The digit at a place or, past the point, the next one; 0 behind the last.</summary>
        private static char DigitAt(ReadOnlySpan<char> mantissa, ref int at)
        {
            if (at < mantissa.Length && mantissa[at] == '.')
            {
                at++;
            }

            return at < mantissa.Length ? mantissa[at] : '0';
        }

        /// <summary>The written power of ten; one that no number has fits where it has no effect.</summary>
        private static long ExponentOf(ReadOnlySpan<char> number, int at)
        {
            if (at < 0)
            {
                return 0;
            }

            var text = number[(at + 1)..];
            return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent)
                ? exponent
                : text[0] == '-' ? int.MinValue : int.MaxValue;
        }
    }
}
