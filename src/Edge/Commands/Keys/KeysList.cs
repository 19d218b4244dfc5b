using System.CommandLine;
using Edge.Access;
using Edge.Commands.Streams;
using Edge.Formats;
using Edge.Hosting;
using Edge.Settings;

namespace Edge.Commands.Keys;

/// <summary><c>edge keys list</c>: one line per key, columns separated by tabs, without any secret.</summary>
internal static class KeysList
{
    public static Command Define(StandardStreams io)
    {
        var command = new Command(
            "list",
            "Prints id, kind, end of the secret, state, issued, project, scopes, origins, organization, environment, expiry."
        );
        KeyCommand.SetAction(command, io, (options, _) => Run(options, TimeProvider.System, io.Out));
        return command;
    }

    private static int Run(EdgeOptions options, TimeProvider time, TextWriter output)
    {
        var now = time.GetUtcNow();
        foreach (var key in StoreFactory.Keys(options).Read())
        {
            var state =
                key.IsValidAt(now) ? "valid"
                : key.RevokedAt is null ? "expired"
                : "revoked";
            string[] columns =
            [
                key.Id,
                WireNames<KeyKind>.Kebab.Text(key.Kind),
                "..." + key.Hint,
                state,
                Timestamp.Format(key.CreatedAt),
                key.Project ?? "-",
                key.Scopes.Count == 0 ? "-" : string.Join(',', key.Scopes),
                key.Origins.Count == 0 ? "-" : string.Join(',', key.Origins),
                key.Organization ?? "-",
                key.Environment ?? "-",
                key.ExpiresAt is { } expiresAt ? Timestamp.Format(expiresAt) : "-",
            ];
            output.WriteLine(string.Join('\t', columns));
        }
        return ExitCode.Success;
    }
}
