using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Edge.Events;
using Edge.Journal;
using Edge.Journal.Records;

namespace Edge.Forwarding.ClickHouse;

/// <summary>
/// Events as rows: the bytes of the journal, with two exceptions. Nested objects and arrays become strings, because a
/// String column of an older server accepts nothing else. A sender's <c>timestamp</c> that the column cannot hold moves
/// to a column of its own as text, because the server would store 1970 or another false date without an error. A batch
/// without either is sent unchanged. The pump's thread only.
/// </summary>
internal sealed class ClickHouseRows
{
    /// <summary>The column of the text of a timestamp beyond the range of the type.</summary>
    public const string TimestampText = "timestamp_text";

    private const int YearDigits = 4;

    private static readonly byte[] TimestampTextUtf8 = Encoding.UTF8.GetBytes(TimestampText);

    private static readonly SearchValues<byte> ToEscape = SearchValues.Create("\"\\"u8);

    private readonly ArrayBufferWriter<byte> _rows = new();

    /// <summary>Valid until the next call.</summary>
    public ReadOnlySpan<byte> Of(RecordBatch batch)
    {
        var bytes = batch.Bytes.Span;
        if (!HasNested(bytes) && !HasFarTimestamp(batch))
        {
            return bytes;
        }

        _rows.ResetWrittenCount();
        for (var index = 0; index < batch.Count; index++)
        {
            var json = batch.Payload(index).Span;
            if (HasNested(json) || HasFarTimestamp(json))
            {
                WriteRow(json);
            }
            else
            {
                _rows.Write(json);
            }

            _rows.Write("\n"u8);
            CooperativeYield.AfterEvent(index);
        }

        return _rows.WrittenSpan;
    }

    /// <summary>
    /// May be true without nesting when a string holds the same characters; that costs time, no more.
    /// </summary>
    private static bool HasNested(ReadOnlySpan<byte> bytes) => bytes.IndexOf(":{"u8) >= 0 || bytes.IndexOf(":["u8) >= 0;

    private static bool HasFarTimestamp(RecordBatch batch)
    {
        for (var index = 0; index < batch.Count; index++)
        {
            if (HasFarTimestamp(batch.Payload(index).Span))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>May be true without a far timestamp when a nested object has one; that costs time, no more.</summary>
    private static bool HasFarTimestamp(ReadOnlySpan<byte> json)
    {
        var name = "\"timestamp\":"u8;
        var at = json.IndexOf(name);
        return at >= 0 && IsFarTime(json[(at + name.Length)..]);
    }

    /// <summary>
    /// Whether a time, in quotes, is before 1970 or after 2105: <c>DateTime</c> is a number of seconds in 32 bits, and
    /// the range of <c>DateTime64</c> contains this one in every version.
    /// </summary>
    private static bool IsFarTime(ReadOnlySpan<byte> quoted) =>
        quoted.Length > YearDigits
        && Utf8Parser.TryParse(quoted.Slice(1, YearDigits), out int year, out var digits)
        && digits == YearDigits
        && year is < 1970 or > 2105;

    private void WriteRow(ReadOnlySpan<byte> json)
    {
        var separator = "{\""u8;
        var members = new MemberScanner(json);
        while (members.Next())
        {
            _rows.Write(separator);
            _rows.Write(
                EventSchema.Timestamp.Is(members.Name) && IsFarTime(members.Value) ? TimestampTextUtf8 : members.Name
            );
            _rows.Write("\":"u8);
            if (members.Value[0] is (byte)'{' or (byte)'[')
            {
                WriteAsString(members.Value);
            }
            else
            {
                _rows.Write(members.Value);
            }

            separator = ",\""u8;
        }

        _rows.Write("}"u8);
    }

    private void WriteAsString(ReadOnlySpan<byte> json)
    {
        _rows.Write("\""u8);
        while (true)
        {
            var found = json.IndexOfAny(ToEscape);
            if (found < 0)
            {
                break;
            }

            _rows.Write(json[..found]);
            _rows.Write("\\"u8);
            _rows.Write(json.Slice(found, 1));
            json = json[(found + 1)..];
        }

        _rows.Write(json);
        _rows.Write("\""u8);
    }
}
