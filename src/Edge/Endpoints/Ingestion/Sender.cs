using Edge.Access;

namespace Edge.Endpoints.Ingestion;

/// <summary>Who sends events, as its key says.</summary>
/// <param name="Api">The API, a word of the event's member <c>api</c>.</param>
/// <param name="Project">The project.</param>
/// <param name="Environment">The part of the project; null when the key names none.</param>
/// <param name="IsAuthenticated">Whether a valid key was shown.</param>
internal readonly record struct Sender(string Api, string Project, string? Environment, bool IsAuthenticated)
{
    public const string Artie = "artie";
    public const string Millimetric = "millimetric";
    public const string Pictify = "pictify";
    public const string Traffical = "traffical";

    public static Sender Of(string api, ApiKey key) =>
        new(api, key.Project ?? ApiKey.DefaultProject, key.Environment, IsAuthenticated: true);
}
