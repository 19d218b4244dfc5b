using Edge.Access;
using Edge.Catalog;
using Edge.Formats;
using Edge.Requests.Bodies;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST /experiments/api/{uid}/shares</c>: a link to the results of one experiment that needs no key and expires.
/// </summary>
internal sealed class CreateShare(CatalogHolder catalog, ShareTokens tokens, TimeProvider time)
{
    /// <summary>Where shared experiments are shown; the token follows.</summary>
    public const string Prefix = "/ui/share/";

    private const int DaysMax = 365;

    private static readonly BodyRules Body = new(BytesMax: 4 << 10);

    public async Task HandleAsync(ManagedRequest request)
    {
        if (request.Find(catalog.Current) is not { } entry)
        {
            await request.NotFoundAsync();
            return;
        }

        var (body, fault) = await RequestBody.ReadCopyAsync(request.Context, Body);
        if (fault != BodyFault.None)
        {
            await Problem.BodyAsync(request.Context, fault, Body);
            return;
        }

        var violations = new Violations();
        var end = ReadEnd(body, violations);
        if (violations.Count > 0)
        {
            await Problem.ValidationAsync(request.Context, violations.List);
            return;
        }

        var token = tokens.Create(new Share(entry.Experiment.Uid, end));
        await request.WriteAsync(
            json =>
            {
                json.WriteString("url", Prefix + token);
                json.WriteString("token", token);
                json.WriteString("expiresAt", Timestamp.Format(end));
            },
            StatusCodes.Status201Created
        );
    }

    private DateTimeOffset ReadEnd(ReadOnlyMemory<byte> body, Violations violations)
    {
        using var document = JsonSyntax.Parse(body, out var problem);
        if (document?.RootElement is not { ValueKind: System.Text.Json.JsonValueKind.Object } root)
        {
            violations.Add("", document is null ? problem : "must be a JSON object", ViolationCodes.InvalidFormat);
            return default;
        }

        var now = time.GetUtcNow();
        var fields = new JsonFields(root, "", violations);
        foreach (var name in fields.Names.Where(static name => name is not ("days" or "expiresAt")))
        {
            fields.Violate(name, "is unknown; known are days, expiresAt", ViolationCodes.UnknownMember);
        }

        var days = fields.Integer("days", 0, 0, 1, DaysMax);
        var end = fields.Instant("expiresAt");
        if (fields.TryGet("days", out _) == fields.TryGet("expiresAt", out _))
        {
            fields.Violate("", "must have either days or expiresAt", ViolationCodes.Required);
        }
        else if (end is not null && (end <= now || end > now.AddDays(DaysMax)))
        {
            fields.Violate("expiresAt", $"must be in the next {DaysMax} days", ViolationCodes.OutOfRange);
        }

        return end ?? now.AddDays(days);
    }
}
