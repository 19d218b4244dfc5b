namespace Edge.Forwarding.Http;

/// <summary>What a status means for a batch.</summary>
internal static class HttpVerdict
{
    /// <summary>Longest part of an answer that is repeated in a message or a dead letter.</summary>
    private const int QuotedMaxChars = 300;

    public static DeliveryResult Of(HttpAnswer answer, string place)
    {
        if (answer.Failure is { } failure)
        {
            return DeliveryResult.Retry(failure);
        }

        if (answer.IsSuccess)
        {
            return DeliveryResult.Delivered;
        }

        var said = $"{place} answers {answer.Status}{Quote(answer.Body)}";
        return answer.Status switch
        {
            401 or 403 => DeliveryResult.Retry($"{said}; check the credentials in headers or secret"),
            404 or 405 or 410 => DeliveryResult.Retry($"{said}; check url"),
            406 or 411 or 415 => DeliveryResult.Retry($"{said}; check format, contentType and gzip"),
            407 or 421 or 426 => DeliveryResult.Retry($"{said}; check what stands between"),
            408 or 425 or 429 => DeliveryResult.Retry(said, answer.RetryAfter),
            413 => DeliveryResult.Refused($"{said}; smaller batches are tried: lower batchMaxBytes"),
            >= 300 and < 400 => DeliveryResult.Retry($"{said}; redirects are not followed: set url to where it leads"),
            >= 400 and < 500 => DeliveryResult.Refused(said),
            _ => DeliveryResult.Retry(said, answer.RetryAfter),
        };
    }

    /// <summary>The beginning of an answer on one line.</summary>
    public static string Quote(string body)
    {
        var line = body.ReplaceLineEndings(" ").Trim();
        if (line.Length == 0)
        {
            return "";
        }

        return ": " + (line.Length > QuotedMaxChars ? line[..QuotedMaxChars] + "..." : line);
    }
}
