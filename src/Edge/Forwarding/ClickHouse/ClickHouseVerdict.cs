using System.Globalization;
using Edge.Forwarding.Http;

namespace Edge.Forwarding.ClickHouse;

/// <summary>
/// What an answer of ClickHouse means for a batch. The server names every error by a number, in a header or, older
/// ones, at the beginning of the text; it can come after a 200 too. Only errors about the data itself refuse a batch:
/// anything else may get better, or is for an operator to mend, and is tried again.
/// </summary>
internal static class ClickHouseVerdict
{
    private const string CodePrefix = "Code: ";

    // A value that does not fit its column, in one of the server's many words for that.
    private static readonly int[] AboutData =
    [
        6,
        25,
        26,
        27,
        38,
        41,
        53,
        69,
        70,
        72,
        117,
        130,
        131,
        190,
        321,
        349,
        376,
        441,
        469,
        472,
        675,
        676,
    ];

    public static DeliveryResult Of(HttpAnswer answer, ClickHouseSinkOptions options)
    {
        if (answer.Failure is { } failure)
        {
            return DeliveryResult.Retry(failure);
        }

        var code = CodeOf(answer);
        if (code is null && answer.IsSuccess)
        {
            return DeliveryResult.Delivered;
        }

        var place = options.Url.Authority;
        if (code is null)
        {
            // Something in front of the server, or no ClickHouse at all. It has not looked at the events.
            var verdict = HttpVerdict.Of(answer, place);
            return verdict.Outcome == DeliveryOutcome.Refused && answer.Status != 413
                ? DeliveryResult.Retry(verdict.Reason!)
                : verdict;
        }

        var said = $"{place} answers{HttpVerdict.Quote(answer.Body)}";
        return code switch
        {
            60 or 81 => DeliveryResult.Retry($"{said}; make the table with edge sink init {options.SinkName}"),
            192 or 193 or 194 or 516 => DeliveryResult.Retry(
                $"{place} refuses the user or the password; check user, password and passwordFile"
            ),
            497 or 291 => DeliveryResult.Retry($"{said}; the user needs INSERT on {options.Table}"),
            _ when Array.IndexOf(AboutData, code.Value) >= 0 => DeliveryResult.Refused(said),
            _ => DeliveryResult.Retry(said, answer.RetryAfter),
        };
    }

    private static int? CodeOf(HttpAnswer answer)
    {
        var text = answer.ExceptionCode.AsSpan();
        if (text.IsEmpty && answer.Body.Contains("DB::Exception", StringComparison.Ordinal))
        {
            var start = answer.Body.IndexOf(CodePrefix, StringComparison.Ordinal);
            if (start >= 0)
            {
                text = answer.Body.AsSpan(start + CodePrefix.Length);
                text = text[..Math.Max(0, text.IndexOfAnyExceptInRange('0', '9'))];
            }
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code != 0
            ? code
            : null;
    }
}
