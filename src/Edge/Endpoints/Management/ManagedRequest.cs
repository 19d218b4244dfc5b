using System.Text.Json;
using Edge.Access;
using Edge.Catalog;
using Edge.Experiments;

namespace Edge.Endpoints.Management;

/// <summary>One request of the management API whose key has been accepted.</summary>
/// <param name="Context">The exchange.</param>
/// <param name="Key">The key.</param>
/// <param name="Rest">The path behind <c>/experiments/api</c>, cut at its slashes; empty for the collection.</param>
internal sealed record ManagedRequest(HttpContext Context, ApiKey Key, string[] Rest)
{
    /// <summary>What a definition may be at most, as it is sent.</summary>
    public static readonly BodyRules Definition = new(BytesMax: 1 << 20);

    /// <summary>The team of the key; null on a machine that has only one. It sees no other team's experiments.</summary>
    public string? Team => Key.Team;

    /// <summary>The id of the key.</summary>
    public string KeyId => Key.Id;

    /// <summary>Whether this team may know of the experiment.</summary>
    public bool Owns(CatalogEntry entry) => entry.Experiment.Team == Team && entry.Status != ExperimentStatus.Archived;

    /// <summary>
    /// The experiment named in the path by its uid or its slug, which cannot be the same; null when there is none for
    /// this team, which is the same answer for everybody.
    /// </summary>
    public CatalogEntry? Find(ExperimentCatalog catalog) =>
        (catalog.TryFindByUid(Rest[0], out var entry) || catalog.TryFind(Rest[0], out entry)) && Owns(entry)
            ? entry
            : null;

    /// <summary>Writes 200 (or another status) with one object.</summary>
    public Task WriteAsync(Action<Utf8JsonWriter> writeMembers, int status = StatusCodes.Status200OK)
    {
        Context.Response.StatusCode = status;
        // The service's own cache knows when an answer has become old; no other does.
        Context.Response.Headers.CacheControl = "private, no-cache";
        return Replies.WriteJsonAsync(Context, "application/json", writeMembers);
    }

    public Task NotFoundAsync() => Problem.ExperimentNotFoundAsync(Context, "There is no such experiment.");

    /// <summary>
    /// Applies a change to the current version until no concurrent change has come first. With If-Match the version
    /// must be the one the sender has seen, so there is nothing to repeat then.
    /// </summary>
    /// <param name="store">Where the current version is.</param>
    /// <param name="view">How it is shown to a sender who has seen an older one.</param>
    /// <param name="apply">One attempt, which has answered unless it returns null: another change came first.</param>
    public async Task RetryAsync(IExperimentStore store, ExperimentView view, Func<Experiment, Task?> apply)
    {
        while (true)
        {
            if (Find(store.Catalog.Current)?.Experiment is not { } current)
            {
                await NotFoundAsync();
                return;
            }
            if (
                Context.Request.Headers.IfMatch is { Count: > 0 } tags
                && !ExperimentVersion.IsMatch(tags.ToString(), current)
            )
            {
                await PreconditionFailedAsync(view.Of(current));
                return;
            }
            if (apply(current) is { } answer)
            {
                await answer;
                return;
            }
        }
    }

    /// <summary>412 with what there is now, so that its sender can see the difference.</summary>
    private Task PreconditionFailedAsync(Experiment current)
    {
        Context.Response.Headers.ETag = ExperimentVersion.TagOf(current);
        return Problem.WriteAsync(
            Context,
            StatusCodes.Status412PreconditionFailed,
            "precondition-failed",
            "Precondition Failed",
            "The experiment has changed since; experiment has it as it is now. Nothing has changed.",
            json =>
            {
                json.WritePropertyName("experiment");
                JsonSerializer.Serialize(json, current, ExperimentJson.Default.Experiment);
            }
        );
    }
}
