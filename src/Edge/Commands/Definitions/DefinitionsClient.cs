using System.CommandLine;
using System.Net;
using Edge.Settings;

namespace Edge.Commands.Definitions;

/// <summary>
/// Asks the management API for definitions, or to take them. What goes wrong is one line, and null.
/// </summary>
internal sealed class DefinitionsClient(EdgeOptions options, string? url, string name, TextWriter error)
{
    private const string Path = "/experiments/api/definitions";
    private const int AnswerMaxBytes = 256 << 20;
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromMinutes(2);

    public static Option<string> UrlOption() =>
        new("--url")
        {
            HelpName = "URL",
            Description = "Address of the service; without it the configured one that has the management API.",
        };

    /// <summary>Status and body of the answer, or the exit code after a message.</summary>
    /// <param name="method">GET or POST.</param>
    /// <param name="query">The query, with its question mark, or nothing.</param>
    /// <param name="body">What is sent; null for nothing.</param>
    public async Task<(HttpStatusCode Status, byte[] Body, int Failure)> AskAsync(
        HttpMethod method,
        string query = "",
        byte[]? body = null
    )
    {
        if (ServiceAddress.OfManagement(options, url) is not { } address)
        {
            await error.WriteLineAsync($"{name}: {ServiceAddress.Problem(url)}");
            return (default, [], ExitCode.WrongUsage);
        }

        if (ManagementKey.Read() is not { } key)
        {
            await error.WriteLineAsync($"{name}: {ManagementKey.Missing}");
            return (default, [], ExitCode.WrongUsage);
        }

        var target = new Uri(address.Uri, Path + query);
        using var service = new ServiceClient(address, options.HttpProtocol, AnswerDeadline, AnswerMaxBytes);
        using var request = new HttpRequestMessage(method, target);
        request.Headers.Authorization = key;
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new("application/json");
        }

        try
        {
            using var answer = await service.SendAsync(request, CancellationToken.None);
            return (answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(), ExitCode.Success);
        }
        catch (ServiceUnreachableException e)
        {
            await error.WriteLineAsync($"{name}: {target}: {e.Message}");
            return (default, [], ExitCode.Failure);
        }
    }

    /// <summary>Says what an answer that is none of those expected says.</summary>
    public int Refuse(HttpStatusCode status, byte[] body)
    {
        error.WriteLine($"{name}: the service answered {(int)status}: {ProblemText.DetailOf(body)}");
        return ExitCode.Failure;
    }
}
