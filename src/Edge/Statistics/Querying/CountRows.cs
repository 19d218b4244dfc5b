using System.Globalization;

namespace Edge.Statistics.Querying;

/// <summary>
/// The rows of an answer in ClickHouse's format TSV, read field by field. Every member throws
/// <see cref="InvalidDataException"/> for what no answer to the question has, so that nothing of a damaged or foreign
/// answer is counted.
/// </summary>
internal ref struct CountRows
{
    private ReadOnlySpan<char> _rest;
    private ReadOnlySpan<char> _row;
    private bool _isRowEnd;

    public CountRows(string answer)
    {
        _rest = answer;
        _isRowEnd = true;
    }

    /// <summary>Goes on to the next row; false behind the last.</summary>
    public bool Next()
    {
        End();
        if (_rest.IsEmpty)
        {
            return false;
        }
        var end = _rest.IndexOf('\n');
        if (end < 0)
        {
            throw Wrong();
        }
        _row = _rest[..end];
        _rest = _rest[(end + 1)..];
        _isRowEnd = false;
        return true;
    }

    /// <summary>A number from 0 to a maximum.</summary>
    public long Number(long max = 1L << 53) =>
        long.TryParse(Field(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max
            ? number
            : throw Wrong();

    /// <summary>A sum of values that are not negative.</summary>
    public double Sum() =>
        double.TryParse(Field(), NumberStyles.Float, CultureInfo.InvariantCulture, out var sum)
        && double.IsFinite(sum)
        && sum >= 0
            ? sum
            : throw Wrong();

    /// <summary>Bytes in hexadecimal.</summary>
    public byte[] Bytes(int max)
    {
        var field = Field();
        try
        {
            return field.Length <= 2 * max ? Convert.FromHexString(field) : throw Wrong();
        }
        catch (FormatException)
        {
            throw Wrong();
        }
    }

    /// <summary>The id of an event, by which rows are ordered.</summary>
    public string Id() => Field() is { Length: <= 64 } field ? field.ToString() : throw Wrong();

    public DateOnly Day() =>
        DateOnly.TryParseExact(Field(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : throw Wrong();

    private static InvalidDataException Wrong() => new("the answer is not one to the question");

    private readonly void End()
    {
        if (!_isRowEnd)
        {
            throw Wrong();
        }
    }

    private ReadOnlySpan<char> Field()
    {
        if (_isRowEnd)
        {
            throw Wrong();
        }
        var tab = _row.IndexOf('\t');
        var field = tab < 0 ? _row : _row[..tab];
        _isRowEnd = tab < 0;
        _row = tab < 0 ? default : _row[(tab + 1)..];
        return field;
    }
}
