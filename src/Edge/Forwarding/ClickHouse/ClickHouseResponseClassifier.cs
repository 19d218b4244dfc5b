using System.Globalization;
using Edge.Forwarding.Http;

namespace Edge.Forwarding.ClickHouse;

/// <summary>
/// Classifies a response of ClickHouse to a batch. The server gives every error a code, in a header or, in older
/// versions, at the beginning of the body; it can come with a 200 too. Only errors about the data itself refuse a
/// batch: anything else may pass, or is for an operator to fix, and is retried.
/// </summary>
internal static class ClickHouseResponseClassifier
{
    private const string CodePrefix = "Code: ";

    // Codes for a value that does not fit its column; the server has many.
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
        395,
        407,
        441,
        467,
        469,
        675,
        676,
        691,
    ];

    // Codes under which some versions report a value that its enum column does not have, and other things too.
    private static readonly int[] UnknownEnumElement = [36, 49];
    private static readonly int[] TooLarge = [413];

    public static DeliveryResult Classify(HttpResult response, ClickHouseSinkOptions options)
    {
        if (response.Failure is { } failure)
        {
            return DeliveryResult.Retry(failure);
        }

        var code = CodeOf(response);
        if (code is null && response.IsSuccess)
        {
            return DeliveryResult.Delivered;
        }

        var place = options.Url.Authority;
        if (code is null)
        {
            // Something in front of the server, or no ClickHouse at all: it has not examined the events.
            return HttpResponseClassifier.Classify(response, place, TooLarge);
        }

        var message = $"{place} answered{HttpResponseClassifier.Quote(response.Body)}";
        return code switch
        {
            60 or 81 => DeliveryResult.Retry($"{message}; make the table with edge sink init {options.SinkName}"),
            192 or 193 or 194 or 516 => DeliveryResult.Retry(
                $"{place} refuses the user or the password; check user, password and passwordFile"
            ),
            497 or 291 => DeliveryResult.Retry($"{message}; the user needs INSERT on {options.Table}"),
            _ when Array.IndexOf(AboutData, code.Value) >= 0 => DeliveryResult.Refused(message),
            _ when Array.IndexOf(UnknownEnumElement, code.Value) >= 0 && IsAboutAnEnum(response.Body) =>
                DeliveryResult.Refused(message),
            _ => DeliveryResult.Retry(message, response.RetryAfter),
        };
    }

    /// <summary>The server's code of an error; null when there is none, or it is not the server's.</summary>
    public static int? CodeOf(HttpResult response)
    {
        var text = response.ExceptionCode.AsSpan();
        if (text.IsEmpty && response.Body.Contains("DB::Exception", StringComparison.Ordinal))
        {
            var start = response.Body.IndexOf(CodePrefix, StringComparison.Ordinal);
            if (start >= 0)
            {
                text = response.Body.AsSpan(start + CodePrefix.Length);
                text = text[..Math.Max(0, text.IndexOfAnyExceptInRange('0', '9'))];
            }
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code != 0
            ? code
            : null;
    }

    private static bool IsAboutAnEnum(string body) =>
        body.Contains("Unknown element", StringComparison.Ordinal)
        && body.Contains("enum", StringComparison.OrdinalIgnoreCase);
}
