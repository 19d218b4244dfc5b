using System.Text.Json;
using Edge.Access;
using Edge.Audit;
using Edge.Experiments;
using Edge.Formats;
using Edge.Telemetry;

namespace Edge.Endpoints.Management;

/// <summary>
/// Records what keys change, in the log and in the record of changes, and answers <c>GET /experiments/api/audit</c> with it. A
/// change that is made but cannot be recorded there is in the log, with an error; it is not taken back. Thread
/// safe.
/// </summary>
internal sealed class AuditTrail(IAuditLog audit, TimeProvider time, ILogger log)
{
    /// <summary>What may be asked for.</summary>
    public static readonly string[] Parameters = ["limit"];

    private const int DefaultCount = 50;
    private const int CountMax = 500;

    /// <summary>Records a change of an experiment.</summary>
    /// <param name="request">Who.</param>
    /// <param name="action">What.</param>
    /// <param name="experiment">The experiment as it is now.</param>
    /// <param name="detail">More about it.</param>
    public void Record(ManagedRequest request, string action, Experiment experiment, string? detail = null)
    {
        Append(
            new AuditEntry
            {
                At = time.GetUtcNow(),
                Actor = request.KeyId,
                Action = action,
                Subject = experiment.Uid,
                Team = request.Team,
                Detail = detail is null ? experiment.Slug : $"{experiment.Slug}: {detail}",
            }
        );
    }

    /// <summary>Records what a key did to something that belongs to no team: a sink, the catalog of a fleet.</summary>
    public void Record(ApiKey key, string action, string subject, string? detail = null) =>
        Append(
            new AuditEntry
            {
                At = time.GetUtcNow(),
                Actor = key.Id,
                Action = action,
                Subject = subject,
                Detail = detail,
            }
        );

    /// <summary>The newest changes of the team, newest first.</summary>
    public Task HandleAsync(ManagedRequest request)
    {
        var asked = request.Context.Request.Query["limit"];
        var count = DefaultCount;
        if (asked.Count > 0 && !(asked.Count == 1 && int.TryParse(asked[0], out count) && count is >= 1 and <= CountMax))
        {
            return Problem.ValidationAsync(
                request.Context,
                [new Violation("limit", $"must be a number from 1 to {CountMax}", ViolationCodes.InvalidValue)]
            );
        }

        var entries = audit.ReadNewest(count, request.Team);
        return request.WriteAsync(json =>
        {
            json.WriteStartArray("entries");
            foreach (var entry in entries)
            {
                JsonSerializer.Serialize(json, entry, AuditJson.Default.AuditEntry);
            }

            json.WriteEndArray();
        });
    }

    private void Append(AuditEntry entry)
    {
        log.Audited(entry.Actor, entry.Action, entry.Subject, entry.Detail);
        try
        {
            audit.Append(entry);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.AuditNotWritten(e.Message.ReplaceLineEndings(" "));
        }
    }
}
