using Edge.Fleet;
using Edge.Fleet.Following;
using Edge.Machine;
using Edge.Settings;
using Edge.Telemetry;

namespace Edge.Commands.Doctor;

/// <summary>Whether an edge gets the catalog of its origin, asked for as the service does, once and as nobody's node.</summary>
internal sealed class OriginCheck(EdgeOptions options, Findings findings)
{
    private const string Subject = "origin";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    public Task RunAsync(CancellationToken cancellation) =>
        options.Role == NodeRole.Edge
            ? findings.LookAsync(Subject, subject => CheckAsync(subject, cancellation), cancellation)
            : Task.CompletedTask;

    private async Task CheckAsync(string subject, CancellationToken cancellation)
    {
        const string Remedy =
            "check fleet.originUrl, fleet.id and fleet.secret here and there, and SSL_CERT_FILE when the authority is your own;"
            + " until then the edge serves the catalog it has";
        var url = new Uri(options.FleetOriginUrl);
        var secret = new FleetSecret(options.FleetId, options.FleetSecret);
        // A node without a name is not listed as one of the fleet.
        var report = new NodeReport("", "", BuildInfo.Version, secret.FingerprintOf(options.AddressSalt), 0, "");
        // What the service would take, where the command runs in its container.
        var bytesMax = EditionDocument.BytesFor(MemoryLimit.Bytes());
        using var origin = new OriginClient(url, secret, TimeSpan.Zero, Deadline, bytesMax);
        try
        {
            findings.Ok(
                subject,
                await origin.AskAsync(report, [], waits: false, cancellation) is { } edition
                    ? $"{url.Authority} gives version {edition.Tag.Version} of the catalog"
                    : $"{url.Authority} has no catalog yet"
            );
        }
        catch (OriginException e)
        {
            findings.Fail(subject, $"gives no catalog: {e.Message}", Remedy);
        }
        catch (EditionException e)
        {
            findings.Fail(subject, $"gives a catalog that is refused: it {e.Message}", "docs/operating.md, message 705, says what to do");
        }
    }
}
