using System.Text;

namespace Edge.LoadTests.Scenarios;

/// <summary>
/// Requests and answers of scenarios as <see cref="HttpClient"/> has them, for every generator that uses it. Pure.
/// </summary>
internal static class HttpMessages
{
    /// <param name="request">A request of a scenario.</param>
    /// <param name="number">The first number that is put into it; it takes as many as <see cref="Numbers"/>
    /// says.</param>
    public static HttpRequestMessage Create(LoadRequest request, long number)
    {
        var target = new Uri(Fill(request.Target, ref number), UriKind.Relative);
        var message = new HttpRequestMessage(new HttpMethod(request.Method), target);
        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Fill(body, ref number)));
        }

        foreach (var (name, value) in request.Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
            {
                _ = message.Content!.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return message;
    }

    public static int Numbers(LoadRequest request) => Count(request.Target) + Count(request.Body);

    /// <summary>What is wrong with the answer; null when nothing is.</summary>
    public static string? Problem(LoadRequest request, HttpResponseMessage response, byte[] body, long number)
    {
        var location = Encoding.ASCII.GetBytes(response.Headers.Location?.OriginalString ?? "");
        var answer = new Answer
        {
            Status = (int)response.StatusCode,
            Body = body,
            Location = location,
        };
        return request.Check(answer, number);
    }

    private static string Fill(string text, ref long number)
    {
        var filled = new StringBuilder(text);
        var at = 0;
        while (text.IndexOf(LoadRequest.Number, at, StringComparison.Ordinal) is >= 0 and var found)
        {
            at = found + LoadRequest.Number.Length;
            filled.Remove(found, LoadRequest.Number.Length).Insert(found, $"{number++:D12}");
        }

        return filled.ToString();
    }

    private static int Count(string? text) => text.AsSpan().Count(LoadRequest.Number);
}
