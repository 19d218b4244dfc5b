using System.Text.Json;
using System.Text.RegularExpressions;

namespace Edge.Forwarding.Http;

/// <summary>
/// Classifies an HTTP response to a batch: delivered, to be retried, or refused. Only a status that says something
/// about the events refuses them; any other may pass, or is for an operator to fix.
/// </summary>
internal static class HttpResponseClassifier
{
    /// <summary>Longest part of a response body that is quoted in a message or a dead letter.</summary>
    private const int QuotedMaxChars = 300;

    /// <summary>
    /// The statuses that say that the events are wrong, unless the sink's settings have others: bad request, conflict,
    /// too large, unprocessable (RFC 9110).
    /// </summary>
    public static readonly int[] DefaultRefusedStatuses = [400, 409, 413, 422];

    /// <param name="response">The response.</param>
    /// <param name="place">Host and port, for messages.</param>
    /// <param name="refusedStatuses">Statuses that are about the events.</param>
    public static DeliveryResult Classify(HttpResult response, string place, int[] refusedStatuses)
    {
        if (response.Failure is { } failure)
        {
            return DeliveryResult.Retry(failure);
        }

        if (response.IsSuccess)
        {
            return DeliveryResult.Delivered;
        }

        var message = $"{place} answered {response.Status}{Quote(response.Body)}";
        if (Array.IndexOf(refusedStatuses, response.Status) >= 0)
        {
            return DeliveryResult.Refused(
                response.Status == 413 ? $"{message}; smaller batches are tried: lower batchMaxBytes" : message
            );
        }

        return response.Status switch
        {
            401 or 403 => DeliveryResult.Retry($"{message}; check the credentials in headers or secret"),
            404 or 405 or 410 => DeliveryResult.Retry($"{message}; check url"),
            406 or 411 or 415 => DeliveryResult.Retry($"{message}; check format, contentType and gzip"),
            407 or 421 or 426 => DeliveryResult.Retry($"{message}; check the proxies in between"),
            402 or 423 or 451 => DeliveryResult.Retry($"{message}; check the account", response.RetryAfter),
            431 => DeliveryResult.Retry($"{message}; check headers"),
            >= 300 and < 400 => DeliveryResult.Retry($"{message}; redirects are not followed: set url to where it leads"),
            _ => DeliveryResult.Retry(message, response.RetryAfter),
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
/// Classifies the response of a Kafka REST proxy, which answers 200 even when some events were not taken and reports
/// each. Those events are valid, so the batch is retried; events that were taken are then there twice, with the same
/// id.
/// </summary>
internal static partial class KafkaRestResponseClassifier
{
    public static DeliveryResult Classify(HttpResult response, string place, int[] refusedStatuses)
    {
        var result = HttpResponseClassifier.Classify(response, place, refusedStatuses);
        if (!result.IsDelivered)
        {
            return result;
        }

        var failure = Failure().Match(response.Body);
        return failure.Success
            ? DeliveryResult.Retry($"{place} did not take some events{HttpResponseClassifier.Quote(response.Body[failure.Index..])}")
            : result;
    }

    [GeneratedRegex("\"error_code\"\\s*:\\s*[0-9]")]
    private static partial Regex Failure();
}

/// <summary>
/// Classifies the response of a fleet's origin, which counts the events it has stored. What stands between the nodes may
/// answer 2xx of its own, with a page to log in at for example, so only the right count is a delivery.
/// </summary>
internal static class OriginResponseClassifier
{
    /// <param name="response">The response.</param>
    /// <param name="place">Host and port, for messages.</param>
    /// <param name="refusedStatuses">Statuses that are about the events.</param>
    /// <param name="events">Events of the batch.</param>
    public static DeliveryResult Classify(HttpResult response, string place, int[] refusedStatuses, int events)
    {
        var result = HttpResponseClassifier.Classify(response, place, refusedStatuses);
        return !result.IsDelivered || (response.Status == 200 && CountOf(response.Body) == events)
            ? result
            : DeliveryResult.Retry(
                $"{place} answered {response.Status} and not that it has the {events} events of the batch, as an origin does"
                    + $" (fleet.originUrl, proxies in between){HttpResponseClassifier.Quote(response.Body)}"
            );
    }

    /// <summary>Stored and repeated events together; null when the answer does not have both numbers.</summary>
    private static long? CountOf(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var answer = document.RootElement;
            return answer.GetProperty("stored").GetInt64() + answer.GetProperty("repeated").GetInt64();
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
