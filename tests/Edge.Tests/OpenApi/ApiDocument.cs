using System.Text.Json;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.OpenApi;

/// <summary>The description of the API as it is in the repository, and what answers it allows.</summary>
internal sealed class ApiDocument
{
    /// <summary>Methods a route is asked for; HEAD is described with GET.</summary>
    public static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

    public ApiDocument()
    {
        Root = JsonDocument
            .Parse(File.ReadAllText(Path.Combine(Repository.Root, "src/Edge/Endpoints/Documents/openapi.json")))
            .RootElement;
        Schema = new JsonSchema(Root);
    }

    public static ApiDocument Instance { get; } = new();

    public JsonElement Root { get; }

    public JsonSchema Schema { get; }

    public IEnumerable<string> Paths => Root.GetProperty("paths").EnumerateObject().Select(path => path.Name);

    /// <summary>Every operation with its path and its method in capitals.</summary>
    public IEnumerable<(string Path, string Method, JsonElement Operation)> Operations =>
        from path in Root.GetProperty("paths").EnumerateObject()
        from member in path.Value.EnumerateObject()
        where member.Name != "parameters"
        select (path.Name, member.Name.ToUpperInvariant(), member.Value);

    /// <summary>Whether a path answers a method.</summary>
    public bool Describes(string path, string method)
    {
        var described = method == "HEAD" ? "GET" : method;
        return Operations.Any(operation => operation.Path == path && operation.Method == described);
    }

    /// <summary>
    /// Fails unless the answer is one the operation describes: its status, its type, its headers and its body.
    /// </summary>
    public void AssertDescribes(string path, string method, int status, string? type, string body)
    {
        var operation = Operations.Single(operation => operation.Path == path && operation.Method == method).Operation;
        Assert.True(
            operation.GetProperty("responses").TryGetProperty($"{status}", out var response),
            $"{method} {path} describes no {status}"
        );
        if (!Schema.Resolve(response).TryGetProperty("content", out var content))
        {
            Assert.Equal("", body);
            return;
        }
        var media = type?.Split(';')[0] ?? "";
        Assert.True(content.TryGetProperty(media, out var described), $"{method} {path} {status} describes no {media}");
        // Lines of JSON are none.
        if (!media.EndsWith("/json", StringComparison.Ordinal) && !media.EndsWith("+json", StringComparison.Ordinal))
        {
            return;
        }

        var problems = Schema.Problems(described.GetProperty("schema"), JsonDocument.Parse(body).RootElement);
        Assert.True(problems.Count == 0, $"{method} {path} {status}: {string.Join("; ", problems)} in {body}");
    }
}
