using System.Buffers;
using Edge.Journal;
using Edge.Journal.Records;

namespace Edge.Forwarding.ClickHouse;

/// <summary>
/// Events as rows: the bytes of the journal, except that nested objects and arrays become strings, because a String
/// column of an older server accepts nothing else. A batch without any is sent unchanged. The pump's thread only.
/// </summary>
internal sealed class ClickHouseRows
{
    private static readonly SearchValues<byte> ToEscape = SearchValues.Create("\"\\"u8);

    private readonly ArrayBufferWriter<byte> _rows = new();

    /// <summary>Valid until the next call.</summary>
    public ReadOnlySpan<byte> Of(RecordBatch batch)
    {
        var bytes = batch.Bytes.Span;
        if (!HasNested(bytes))
        {
            return bytes;
        }

        _rows.ResetWrittenCount();
        for (var index = 0; index < batch.Count; index++)
        {
            var json = batch.Payload(index).Span;
            if (HasNested(json))
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

    private void WriteRow(ReadOnlySpan<byte> json)
    {
        var separator = "{\""u8;
        var members = new MemberScanner(json);
        while (members.Next())
        {
            _rows.Write(separator);
            _rows.Write(members.Name);
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
