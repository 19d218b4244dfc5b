using System.Text.Json;
using Edge.Experiments;
using Edge.Formats;
using Edge.Requests.Bodies;

namespace Edge.Endpoints.Management;

/// <summary>
/// A body that holds a definition and what is asked of it: <c>{"definition": {...}, ...}</c>. Whoever gets one disposes
/// it.
/// </summary>
/// <param name="document">The body.</param>
/// <param name="experiment">The definition, valid.</param>
internal sealed class DefinitionQuestion(JsonDocument document, Experiment experiment) : IDisposable
{
    private const string Definition = "definition";

    /// <summary>The definition.</summary>
    public Experiment Experiment => experiment;

    /// <summary>The whole body.</summary>
    public JsonElement Body => document.RootElement;

    /// <summary>Reads a question; null when it was answered with what is wrong.</summary>
    /// <param name="request">The request.</param>
    /// <param name="read">Reads the definition.</param>
    /// <param name="members">What the body may have beside the definition.</param>
    public static async Task<DefinitionQuestion?> ReadAsync(
        ManagedRequest request,
        Func<ReadOnlyMemory<byte>, DefinitionDraft> read,
        params string[] members
    )
    {
        var (body, fault) = await RequestBody.ReadCopyAsync(request.Context, ManagedRequest.Definition);
        if (fault != BodyFault.None)
        {
            await Problem.BodyAsync(request.Context, fault, ManagedRequest.Definition);
            return null;
        }

        var document = JsonSyntax.Parse(body, out var problem);
        var violations = document is null
            ? [new Violation("", problem, ViolationCodes.InvalidFormat)]
            : Check(document.RootElement, members);
        if (violations.Count == 0)
        {
            var draft = read(BytesOf(document!.RootElement.GetProperty(Definition)));
            if (draft.Experiment is { } experiment)
            {
                return new DefinitionQuestion(document, experiment);
            }

            if (draft.IsOfNothing)
            {
                document.Dispose();
                await Problem.ExperimentNotFoundAsync(
                    request.Context,
                    "There is no experiment with the uid of the definition, and the definition is not whole."
                );
                return null;
            }

            violations = Within(Definition, draft.Errors);
        }

        document?.Dispose();
        await Problem.ValidationAsync(request.Context, violations);
        return null;
    }

    /// <summary>A member of the body as JSON of its own; an empty object when it is missing.</summary>
    public ReadOnlyMemory<byte> Member(string name) =>
        Body.TryGetProperty(name, out var value) ? BytesOf(value) : "{}"u8.ToArray();

    /// <summary>Violations of a member, under its path.</summary>
    public static Violation[] Within(string member, IReadOnlyList<Violation> violations) =>
        [
            .. violations.Select(one =>
                one with
                {
                    Field = one.Field.Length == 0 ? member : $"{member}.{one.Field}",
                }
            ),
        ];

    public void Dispose() => document.Dispose();

    private static IReadOnlyList<Violation> Check(JsonElement body, string[] members)
    {
        var violations = new Violations();
        if (body.ValueKind != JsonValueKind.Object)
        {
            violations.Add("", "must be a JSON object", ViolationCodes.InvalidType);
            return violations.List;
        }

        JsonSyntax.NoteRepeated(body, violations);
        var fields = new JsonFields(body, "", violations);
        fields.RefuseUnknown([Definition, .. members]);

        if (!fields.TryGet(Definition, out _))
        {
            fields.Violate(Definition, "is required", ViolationCodes.Required);
        }

        return violations.List;
    }

    private static ReadOnlyMemory<byte> BytesOf(JsonElement value) =>
        System.Text.Encoding.UTF8.GetBytes(value.GetRawText());
}
