using System.Text.Json;

namespace Edge.Commands;

/// <summary>What an answer of the service that is a problem (RFC 9457) says.</summary>
internal static class ProblemText
{
    public static string DetailOf(byte[] body)
    {
        try
        {
            using var problem = JsonDocument.Parse(body);
            return problem.RootElement.GetProperty("detail").GetString() ?? "";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "no answer of Edge; give --url with the address of the service";
        }
    }
}
