using System.CommandLine;
using Edge.Audit;
using Edge.Commands.Streams;
using Edge.Hosting;
using Edge.Settings;

namespace Edge.Commands.Keys;

/// <summary><c>edge keys revoke</c>: withdraws a key; a running service refuses it within a second.</summary>
internal static class KeysRevoke
{
    public static Command Define(StandardStreams io)
    {
        var id = new Argument<string>("ID") { Description = "Its id; edge keys list shows them." };
        var command = new Command("revoke", "Refuses a key from now on.") { id };
        KeyCommand.SetAction(
            command,
            io,
            (options, result) => Run(options, result.GetRequiredValue(id), TimeProvider.System, io.Error)
        );
        return command;
    }

    private static int Run(EdgeOptions options, string id, TimeProvider time, TextWriter error)
    {
        var store = StoreFactory.Keys(options);
        if (store.Revoke(id, time.GetUtcNow()))
        {
            var team = store.Read().FirstOrDefault(key => key.Id == id)?.Team;
            LocalAudit.Record(
                options,
                LocalAudit.Entry(time, AuditAction.RevokeKey, id) with
                {
                    Team = team,
                },
                error
            );
            return ExitCode.Success;
        }

        error.WriteLine($"edge keys revoke: there is no key '{id}'; edge keys list shows the ids");
        return ExitCode.Failure;
    }
}
