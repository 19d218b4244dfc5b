using Edge.Access;
using Edge.Audit;
using Edge.Catalog;
using Edge.Formats;
using Edge.Requests.Bodies;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>/experiments/api/{uid}/shares</c>: makes links to the results of one experiment that need no key and expire, lists
/// them, and revokes them. A link is shown when it is made, and not again.
/// </summary>
internal sealed class ManageShares(
    CatalogHolder catalog,
    ShareTable shares,
    ShareTokens tokens,
    AuditTrail audit,
    TimeProvider time
)
{
    /// <summary>Where shared experiments are shown; the token follows.</summary>
    public const string Prefix = "/ui/share/";

    private const int DaysMax = 365;

    private static readonly BodyRules Body = new(BytesMax: 4 << 10);

    /// <summary><c>GET .../shares</c>: those that open something, newest first.</summary>
    public Task ListAsync(ManagedRequest request) =>
        request.Find(catalog.Current) is { Experiment: var experiment }
            ? request.WriteAsync(json =>
            {
                json.WriteStartArray("shares");
                foreach (var share in shares.Of(experiment.Uid))
                {
                    json.WriteStartObject();
                    json.WriteString("id", share.Id);
                    json.WriteString("createdAt", Timestamp.Format(share.CreatedAt));
                    json.WriteString("createdBy", share.CreatedBy);
                    json.WriteString("expiresAt", Timestamp.Format(share.ExpiresAt));
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            })
            : request.NotFoundAsync();

    /// <summary><c>DELETE .../shares/{id}</c>: its link opens nothing from now on.</summary>
    public Task RevokeAsync(ManagedRequest request)
    {
        if (request.Find(catalog.Current) is not { Experiment: var experiment })
        {
            return request.NotFoundAsync();
        }

        var id = request.Rest[2];
        if (!shares.Revoke(experiment.Uid, id))
        {
            return Problem.WriteAsync(
                request.Context,
                StatusCodes.Status404NotFound,
                "share-not-found",
                "Share Not Found",
                "The experiment has no such share; it may have expired."
            );
        }

        audit.Record(request, AuditAction.RevokeShare, experiment, id);
        return request.WriteAsync(static json => json.WriteBoolean("revoked", true));
    }

    /// <summary><c>POST .../shares</c>.</summary>
    public async Task CreateAsync(ManagedRequest request)
    {
        if (request.Find(catalog.Current) is not { Experiment: var experiment })
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

        if (shares.Create(experiment.Uid, request.KeyId, end) is not { } share)
        {
            await Problem.WriteAsync(
                request.Context,
                StatusCodes.Status409Conflict,
                "too-many-shares",
                "Too Many Shares",
                $"There may be {ShareTable.SharesOfExperimentMax} shares of an experiment and {ShareTable.SharesMax} in all; revoke one."
            );
            return;
        }

        audit.Record(request, AuditAction.CreateShare, experiment, $"{share.Id} until {Timestamp.Format(end)}");
        var token = tokens.Create(share.Id);
        await request.WriteAsync(
            json =>
            {
                json.WriteString("id", share.Id);
                json.WriteString("url", Prefix + token);
                json.WriteString("token", token);
                json.WriteString("expiresAt", Timestamp.Format(end));
            },
            StatusCodes.Status201Created
        );
    }

    private DateTimeOffset ReadEnd(ReadOnlyMemory<byte> body, Violations violations)
    {
        using var document = JsonSyntax.ParseObject(body, violations);
        if (document is null)
        {
            return default;
        }

        var now = time.GetUtcNow();
        var fields = new JsonFields(document.RootElement, "", violations);
        fields.RefuseUnknown("days", "expiresAt");

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
