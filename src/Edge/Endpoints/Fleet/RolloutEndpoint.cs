using System.Globalization;
using System.Text.Json;
using Edge.Access;
using Edge.Audit;
using Edge.Endpoints.Management;
using Edge.Fleet;
using Edge.Fleet.Origin;
using Edge.Formats;
using Edge.Requests.Bodies;
using Edge.Settings;
using Edge.Telemetry;

namespace Edge.Endpoints.Fleet;

/// <summary>
/// <c>/fleet/rollout</c>: which edges get the newest edition of the catalog, and which an earlier one. <c>GET</c> shows it,
/// <c>PUT</c> changes it, for the operator's key. Thread safe.
/// </summary>
/// <param name="access">Admits operators.</param>
/// <param name="publisher">What is published.</param>
/// <param name="nodes">The edges.</param>
/// <param name="isOnlyOrigin">Whether no other origin publishes to the same edges.</param>
/// <param name="audit">Where changes are recorded.</param>
/// <param name="time">The clock.</param>
/// <param name="metrics">Where answers are counted.</param>
internal sealed class RolloutEndpoint(
    OperatorAccess access,
    CatalogPublisher publisher,
    NodeList nodes,
    bool isOnlyOrigin,
    AuditTrail audit,
    TimeProvider time,
    Metrics metrics
)
{
    public const string Path = "/fleet/rollout";

    private const string VersionMember = "version";

    /// <summary>Most edges that can be named; more are a share.</summary>
    private const int NodesMax = 100;

    /// <summary>Most changes that are listed.</summary>
    private const int ChangesMax = 100;

    private static readonly BodyRules Body = new(BytesMax: 64 << 10);
    private static readonly string[] Known = [Rollout.ShareMember, Rollout.NodesMember, VersionMember];

    public Task HandleAsync(HttpContext context)
    {
        if (access.Admit(context, out var refusal) is not { } key)
        {
            return refusal;
        }

        var method = context.Request.Method;
        if (RequestMethod.IsGet(method) || RequestMethod.IsHead(method))
        {
            metrics.Count(RouteName.Fleet, Outcome.Answered);
            return WriteAsync(context, publisher.Current);
        }

        if (!RequestMethod.IsPut(method))
        {
            metrics.Count(RouteName.Fleet, Outcome.MethodNotAllowed);
            return Problem.MethodNotAllowedAsync(context, "GET, HEAD, PUT");
        }

        if (key.IsReadOnly)
        {
            metrics.Count(RouteName.Fleet, Outcome.Refused);
            return ManagementAccess.RefuseChangeAsync(context);
        }

        if (!isOnlyOrigin)
        {
            metrics.Count(RouteName.Fleet, Outcome.Refused);
            return Problem.WriteAsync(
                context,
                StatusCodes.Status409Conflict,
                "several-origins",
                "Several Origins",
                "Origins that share a store each publish to any edge, so none of them can hold an edition back (store.kind)."
            );
        }

        return ChangeAsync(context, key);
    }

    private async Task ChangeAsync(HttpContext context, ApiKey key)
    {
        var (body, fault) = await RequestBody.ReadCopyAsync(context, Body);
        if (fault != BodyFault.None)
        {
            metrics.Count(RouteName.Fleet, Outcome.Refused);
            await Problem.BodyAsync(context, fault, Body);
            return;
        }

        var violations = new Violations();
        var (rollout, version) = Read(body, violations);
        var published = publisher.Current;
        try
        {
            if (violations.Count == 0 && !publisher.TrySet(rollout, version, out published))
            {
                violations.Add(
                    VersionMember,
                    $"is none of the editions of this origin since its start; GET {Path} lists them",
                    ViolationCodes.InvalidValue
                );
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            metrics.Count(RouteName.Fleet, Outcome.NotKept);
            await Problem.UnavailableAsync(context, "The change could not be stored; nothing has changed.");
            return;
        }

        if (violations.Count > 0)
        {
            metrics.Count(RouteName.Fleet, Outcome.Refused);
            await Problem.ValidationAsync(context, violations.List);
            return;
        }

        audit.Record(key, AuditAction.Rollout, "catalog", DetailOf(published));
        metrics.Count(RouteName.Fleet, Outcome.Answered);
        await WriteAsync(context, published);
    }

    private (Rollout? Rollout, long? Version) Read(ReadOnlyMemory<byte> body, Violations violations)
    {
        using var document = JsonSyntax.ParseObject(body, violations);
        if (document is null)
        {
            return default;
        }

        var fields = new JsonFields(document.RootElement, "", violations);
        fields.RefuseUnknown(Known);
        var names = ReadNodes(fields);
        if (!fields.TryGet(Rollout.ShareMember, out _) && !fields.TryGet(Rollout.NodesMember, out _))
        {
            fields.Violate(Rollout.ShareMember, "is required, from 0 to 1, unless nodes are named", ViolationCodes.Required);
        }

        var share = fields.Number(Rollout.ShareMember, 0, 0);
        if (share is not (>= 0 and <= 1))
        {
            fields.Violate(Rollout.ShareMember, "must be from 0 to 1", ViolationCodes.OutOfRange);
        }

        var version = ReadVersion(fields);
        if (share < 1)
        {
            return (new Rollout(share, names, time.GetUtcNow()), version);
        }

        if (version is not null)
        {
            fields.Violate(VersionMember, "must not stand beside a share of 1, with which every edge gets the newest", ViolationCodes.InvalidValue);
        }

        return default;
    }

    private static List<string> ReadNodes(JsonFields fields)
    {
        var names = new List<string>();
        if (!fields.TryArray(Rollout.NodesMember, out var array))
        {
            return names;
        }

        if (array.GetArrayLength() > NodesMax)
        {
            fields.Violate(Rollout.NodesMember, $"must have at most {NodesMax} names; use share for more", ViolationCodes.OutOfRange);
            return names;
        }

        foreach (var element in array.EnumerateArray())
        {
            var name = element.ValueKind == JsonValueKind.String ? element.GetString()! : "";
            if (name.Length > 0 && EdgeSettings.NodeProblem(name) is null)
            {
                names.Add(name);
                continue;
            }

            fields.Violate($"{Rollout.NodesMember}[{names.Count}]", "must be the name of an edge (node)", ViolationCodes.InvalidValue);
            break;
        }

        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    private static long? ReadVersion(JsonFields fields)
    {
        if (!fields.TryGet(VersionMember, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var version))
        {
            return version;
        }

        fields.Violate(VersionMember, "must be the version of an edition, a whole number", ViolationCodes.InvalidType);
        return null;
    }

    private static string DetailOf(Published published) =>
        published.Rollout is not { } rollout
            ? "ended"
            : string.Create(CultureInfo.InvariantCulture, $"share {rollout.Share}")
                + (rollout.Nodes.Count == 0 ? "" : $", nodes {string.Join(' ', rollout.Nodes)}")
                + string.Create(CultureInfo.InvariantCulture, $", others {published.Held!.Tag.Version}");

    private Task WriteAsync(HttpContext context, Published published) =>
        Replies.WriteJsonAsync(context, json => Write(json, published));

    private void Write(Utf8JsonWriter json, Published published)
    {
        if (published.Rollout is { } rollout)
        {
            rollout.WriteTo(json);
        }
        else
        {
            json.WriteNumber(Rollout.ShareMember, 1);
        }

        WriteEdition(json, "newest", published.Newest.Content);
        if (published.Held is { } held)
        {
            WriteEdition(json, "held", held.Content);
            WriteChanges(json, published.Newest.Items, held.Items);
            var known = nodes.Nodes.Select(static node => node.Report.Name).ToHashSet(StringComparer.Ordinal);
            WriteNames(json, "first", known.Where(name => !published.IsHeldFor(name)));
            WriteNames(json, "unknown", published.Rollout!.Nodes.Where(name => !known.Contains(name)));
        }

        json.WriteStartArray("editions");
        for (var i = published.Past.Count - 1; i >= 0; i--)
        {
            json.WriteStartObject();
            json.WriteNumber(VersionMember, published.Past[i].Version);
            json.WriteString("publishedAt", Timestamp.Format(published.Past[i].PublishedAt));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteNames(Utf8JsonWriter json, string member, IEnumerable<string> names)
    {
        json.WriteStartArray(member);
        foreach (var name in names.Order(StringComparer.Ordinal))
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }

    private static void WriteEdition(Utf8JsonWriter json, string name, EditionContent edition)
    {
        json.WriteStartObject(name);
        json.WriteNumber(VersionMember, edition.Version);
        json.WriteString("publishedAt", Timestamp.Format(edition.PublishedAt));
        json.WriteEndObject();
    }

    /// <summary>What the first edges have otherwise than the others.</summary>
    private static void WriteChanges(Utf8JsonWriter json, CatalogItems newest, CatalogItems held)
    {
        var count = 0;
        json.WriteStartArray("changes");
        foreach (var name in newest.DifferencesTo(held))
        {
            if (++count <= ChangesMax)
            {
                json.WriteStringValue(name);
            }
        }

        json.WriteEndArray();
        json.WriteNumber("changed", count);
    }
}
