using System.Text.RegularExpressions;

namespace Edge.Forwarding.Http;

/// <summary>Classifies an HTTP response to a batch: delivered, to be retried, or refused.</summary>
internal static class HttpResponseClassifier
{
    /// <summary>Longest part of a response body that is quoted in a message or a dead letter.</summary>
    private const int QuotedMaxChars = 300;

    public static DeliveryResult Classify(HttpResult answer, string place)
    {
        if (answer.Failure is { } failure)
        {
            return DeliveryResult.Retry(failure);
        }

        if (answer.IsSuccess)
        {
            return DeliveryResult.Delivered;
        }

        var response = $"{place} answers {answer.Status}{Quote(answer.Body)}";
        return answer.Status switch
        {
            401 or 403 => DeliveryResult.Retry($"{response}; check the credentials in headers or secret"),
            404 or 405 or 410 => DeliveryResult.Retry($"{response}; check url"),
            406 or 411 or 415 => DeliveryResult.Retry($"{response}; check format, contentType and gzip"),
            407 or 421 or 426 => DeliveryResult.Retry($"{response}; check what stands between"),
            408 or 425 or 429 => DeliveryResult.Retry(response, answer.RetryAfter),
            413 => DeliveryResult.Refused($"{response}; smaller batches are tried: lower batchMaxBytes"),
            >= 300 and < 400 => DeliveryResult.Retry($"{response}; redirects are not followed: set url to where it leads"),
            >= 400 and < 500 => DeliveryResult.Refused(response),
            _ => DeliveryResult.Retry(response, answer.RetryAfter),
        };
    }

    /// <summary>The beginning of a response body, on one line.</summary>
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

/// <summary>
/// Classifies the response of a Kafka REST proxy, which answers 200 even when some events were not taken and reports each.
/// Those events are valid, so the batch is retried; events that were taken are then there twice, with the same id.
/// </summary>
internal static partial class KafkaRestResponseClassifier
{
    public static DeliveryResult Classify(HttpResult answer, string place)
    {
        var result = HttpResponseClassifier.Classify(answer, place);
        if (!result.IsDelivered)
        {
            return result;
        }

        var failure = Failure().Match(answer.Body);
        return failure.Success
            ? DeliveryResult.Retry($"{place} did not take some events{HttpResponseClassifier.Quote(answer.Body[failure.Index..])}")
            : result;
    }

    [GeneratedRegex("\"error_code\"\\s*:\\s*[0-9]")]
    private static partial Regex Failure();
}
