using System.Text.RegularExpressions;

namespace Edge.Forwarding.Http;

/// <summary>
/// What the answer of a Kafka REST proxy means: it answers 200 also when single events were not taken, and says so for
/// each. The events are sound then, so the batch comes again; what was taken stands there twice, with the same id.
/// </summary>
internal static partial class KafkaRestVerdict
{
    public static DeliveryResult Of(HttpAnswer answer, string place)
    {
        var verdict = HttpVerdict.Of(answer, place);
        if (!verdict.IsDelivered)
        {
            return verdict;
        }

        var failure = Failure().Match(answer.Body);
        return failure.Success
            ? DeliveryResult.Retry($"{place} did not take some events{HttpVerdict.Quote(answer.Body[failure.Index..])}")
            : verdict;
    }

    [GeneratedRegex("\"error_code\"\\s*:\\s*[0-9]")]
    private static partial Regex Failure();
}
