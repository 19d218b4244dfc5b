using System.Text.Json;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Formats;
using Edge.Requests.Bodies;
using Edge.Visits;

namespace Edge.Endpoints.Management;

/// <summary>
/// <c>POST /experiments/api/{uid}/links</c>: signed links of one experiment, one for each unit. Stores nothing: what a link
/// says is in its token.
/// </summary>
internal sealed class CreateLinks(CatalogHolder catalog, LinkTokens tokens, TimeProvider time)
{
    /// <summary>Most units of one request.</summary>
    public const int UnitsMax = 1_000;

    private static readonly BodyRules Body = new(BytesMax: 1 << 20);
    private static readonly string[] Known = ["units", "variant", "tracking", "sentAt", "expiresAt", "days"];

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
        var (units, terms) = Read(body, entry, violations);
        if (violations.Count > 0)
        {
            await Problem.ValidationAsync(request.Context, violations.List);
            return;
        }

        var claims = terms.ClaimsOf(entry);
        await request.WriteAsync(
            json =>
            {
                terms.WriteTo(json);
                json.WriteStartArray("links");
                foreach (var unit in units)
                {
                    var token = tokens.Create(claims, unit);
                    json.WriteStartObject();
                    json.WriteString("unit", unit);
                    json.WriteString("token", token);
                    json.WriteString("click", LinkTerms.ClickOf(entry, token));
                    json.WriteString("pixel", LinkTerms.PixelOf(entry, token));
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            },
            StatusCodes.Status201Created
        );
    }

    private (List<string> Units, LinkTerms Terms) Read(ReadOnlyMemory<byte> body, CatalogEntry entry, Violations violations)
    {
        using var document = JsonSyntax.ParseObject(body, violations);
        if (document is null)
        {
            return ([], default);
        }

        var fields = new JsonFields(document.RootElement, "", violations);
        fields.RefuseUnknown(Known);

        var units = ReadUnits(fields);
        var now = time.GetUtcNow();
        var sent = fields.Instant("sentAt") ?? now;
        var days = fields.Integer("days", 0, 0, 1, LinkTerms.DaysMax);
        var until = fields.Instant("expiresAt");
        if (fields.TryGet("days", out _) && fields.TryGet("expiresAt", out _))
        {
            fields.Violate("days", "must not stand beside expiresAt", ViolationCodes.InvalidValue);
        }
        else if (days > 0 && violations.Count == 0)
        {
            until = sent.AddDays(days);
        }

        var variant = fields.Text("variant", null, ExperimentRules.VariantIdCharsMax);
        var terms = new LinkTerms(
            variant,
            fields.Choice("tracking", default, default, WireNames<TrackingMode>.Lower),
            sent,
            until
        );
        if (violations.Count == 0 && terms.ProblemOf(entry, now, out var member) is { } wrong)
        {
            fields.Violate(member, wrong, ViolationCodes.InvalidValue);
        }

        return (units, terms);
    }

    private static List<string> ReadUnits(JsonFields fields)
    {
        const string Name = "units";
        var units = new List<string>();
        if (!fields.TryArray(Name, out var array))
        {
            if (!fields.TryGet(Name, out _))
            {
                fields.Violate(Name, "is required", ViolationCodes.Required);
            }

            return units;
        }

        if (array.GetArrayLength() is 0 or > UnitsMax)
        {
            fields.Violate(Name, $"must have 1 to {UnitsMax} ids; send the others in further requests", ViolationCodes.OutOfRange);
            return units;
        }

        foreach (var element in array.EnumerateArray())
        {
            var unit = element.ValueKind == JsonValueKind.String ? element.GetString()! : null;
            if ((unit is null ? "must be a string" : LinkTokens.ProblemOf(unit)) is { } problem)
            {
                fields.Violate(
                    $"{Name}[{units.Count}]",
                    problem,
                    unit is null ? ViolationCodes.InvalidType : ViolationCodes.InvalidValue
                );
            }

            units.Add(unit ?? "");
        }

        return units;
    }
}
