using System.Globalization;
using Edge.Formats;

namespace Edge.Endpoints.Management;

/// <summary>
/// The parameters of a query, read one by one with their rules; what breaks one is noted, and reading goes on. An empty
/// value is an absent one: forms send it that way.
/// </summary>
/// <param name="query">The query.</param>
/// <param name="violations">Where broken rules are noted.</param>
internal readonly struct QueryFields(IQueryCollection query, Violations violations)
{
    /// <summary>The value; null when it is absent.</summary>
    public string? Text(string name, int charsMax)
    {
        var values = query[name];
        if (values.Count > 1)
        {
            violations.Add(name, "must be given once", ViolationCodes.NotUnique);
        }

        if (values.Count != 1 || string.IsNullOrEmpty(values[0]))
        {
            return null;
        }

        if (values[0]!.Length > charsMax)
        {
            violations.Add(name, $"must have at most {charsMax} characters", ViolationCodes.OutOfRange);
        }

        return values[0];
    }

    /// <summary>One of some words; null when it is absent.</summary>
    public string? Word(string name, string[] words)
    {
        var text = Text(name, int.MaxValue);
        if (text is not null && !words.Contains(text))
        {
            violations.Add(name, $"must be one of {string.Join(", ", words)}", ViolationCodes.InvalidValue);
        }

        return text;
    }

    /// <summary>One of the words of an enumeration; null when it is absent or none of them.</summary>
    public T? Choice<T>(string name, params T[] except)
        where T : struct, Enum
    {
        if (Text(name, int.MaxValue) is not { } text)
        {
            return null;
        }

        if (WireNames<T>.Lower.TryParse(text, out var value) && !except.Contains(value))
        {
            return value;
        }

        var choices = Enum.GetValues<T>().Except(except).Select(WireNames<T>.Lower.Text);
        violations.Add(name, $"must be one of {string.Join(", ", choices)}", ViolationCodes.InvalidValue);
        return null;
    }

    /// <summary>A whole number from 1.</summary>
    public int Number(string name, int absent, int max)
    {
        if (Text(name, int.MaxValue) is not { } text)
        {
            return absent;
        }

        if (
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value >= 1
            && value <= max
        )
        {
            return value;
        }

        violations.Add(
            name,
            max == int.MaxValue ? "must be a whole number from 1" : $"must be a whole number from 1 to {max}",
            ViolationCodes.OutOfRange
        );
        return absent;
    }
}
