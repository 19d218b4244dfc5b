using System.Globalization;
using System.Text;

namespace Edge.LoadTests.Scenarios;

/// <summary>What an answer must be. Pure and thread-safe.</summary>
internal static class Checks
{
    private const int GifLength = 43;

    public static readonly Check Gif = static (in answer, _) =>
        answer.Status != 200 ? Status(answer)
        : answer.Body.Length == GifLength && answer.Body.StartsWith("GIF89a"u8) ? null
        : $"{answer.Body.Length} bytes instead of the GIF";

    /// <summary>A redirect to one of the destinations; to any absolute address where none are known.</summary>
    public static Check Redirect(IReadOnlyCollection<string> destinations)
    {
        byte[][] known = [.. destinations.Select(Encoding.ASCII.GetBytes)];
        return (in answer, _) =>
        {
            if (answer.Status is not (301 or 302 or 307 or 308))
            {
                return Status(answer);
            }

            foreach (var destination in known)
            {
                if (answer.Location.SequenceEqual(destination))
                {
                    return null;
                }
            }

            return known.Length == 0 && answer.Location.Contains((byte)':') ? null : "leads elsewhere";
        };
    }

    /// <summary>A status, and text that must stand in the body.</summary>
    public static Check Contains(int status, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return (in answer, _) =>
            answer.Status != status ? Status(answer)
            : answer.Body.IndexOf(bytes) >= 0 ? null
            : $"no {text} in the answer";
    }

    /// <summary>A status, and the ids of all events of the request in the body.</summary>
    /// <param name="status">The status of a success.</param>
    /// <param name="prefix">What stands before the number of an id.</param>
    /// <param name="events">How many ids.</param>
    public static Check Ids(int status, string prefix, int events)
    {
        var before = Encoding.ASCII.GetBytes(prefix);
        return (in answer, number) =>
        {
            if (answer.Status != status)
            {
                return Status(answer);
            }

            Span<byte> id = stackalloc byte[before.Length + LoadRequest.Number.Length];
            before.CopyTo(id);
            var rest = answer.Body;
            for (var i = 0; i < events; i++)
            {
                _ = (number + i).TryFormat(id[before.Length..], out _, "D12", CultureInfo.InvariantCulture);
                // Ids come back in the order of the events.
                var at = rest.IndexOf(id);
                if (at < 0)
                {
                    return "an id is not acknowledged";
                }

                rest = rest[(at + id.Length)..];
            }

            return null;
        };
    }

    private static string Status(in Answer answer) =>
        string.Create(CultureInfo.InvariantCulture, $"HTTP {answer.Status}");
}
