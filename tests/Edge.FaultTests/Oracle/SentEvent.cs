using System.Globalization;

namespace Edge.FaultTests.Oracle;

/// <summary>What the service promised about one event.</summary>
internal enum Promise
{
    /// <summary>No complete answer came: the event may or may not exist.</summary>
    Unknown,

    /// <summary>Answered, not kept: it was counted as dropped and must not appear.</summary>
    NotKept,

    /// <summary>Answered before the commit: it may or may not survive a fault.</summary>
    Memory,

    /// <summary>Acknowledged: the commit that covers it had returned.</summary>
    Disk,
}

/// <summary>
/// One event a visitor sent. Its number stands in the referrer, followed by a text that is computed from the number, so
/// that a delivered event can be told from a damaged one.
/// </summary>
internal sealed class SentEvent(OutsideLedger ledger, int number, int visitor, bool isClick)
{
    private const string Host = "https://ledger.example/";

    public int Number => number;

    /// <summary>The connection it was sent on; events of one connection were sent one after the other.</summary>
    public int Visitor => visitor;

    public bool IsClick => isClick;

    public Promise Promise { get; set; }

    public string Type => isClick ? "click" : "impression";

    /// <summary>The referrer that was sent and must be delivered, character for character.</summary>
    public string Referrer => $"{Host}{ledger.Name}/{number}/{Filler()}";

    /// <summary>Finds the number in a delivered referrer; false when this ledger did not write it.</summary>
    public static bool TryReadNumber(string referrer, string ledgerName, out int number)
    {
        number = 0;
        var prefix = $"{Host}{ledgerName}/";
        if (!referrer.StartsWith(prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = referrer.AsSpan(prefix.Length);
        var end = rest.IndexOf('/');
        return end > 0 && int.TryParse(rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private string Filler()
    {
        // Any spreading of the number's bits does; it has to differ between neighbours, in content and in length.
        var state = (uint)number * 2_654_435_761;
        return string.Create(
            (int)(state % (uint)ledger.FillerMaxChars),
            state,
            static (text, state) =>
            {
                for (var i = 0; i < text.Length; i++)
                {
                    state = (state * 1_664_525) + 1_013_904_223;
                    text[i] = (char)('a' + (int)((state >> 24) % 26));
                }
            }
        );
    }
}
