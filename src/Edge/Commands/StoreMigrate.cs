using System.CommandLine;
using Edge.Catalog;
using Edge.Commands.Streams;
using Edge.Hosting;
using Edge.Postgres;
using Edge.Settings;

namespace Edge.Commands;

/// <summary>
/// <c>edge store migrate</c>: brings the schema of PostgreSQL as the store to the version of this program, or creates it.
/// Several at once wait for each other.
/// </summary>
internal static class StoreMigrate
{
    private const string Name = "edge store migrate";

    public static Command Define(StandardStreams io)
    {
        var command = new Command("migrate", "Creates the schema of the store in PostgreSQL, or brings it up to date.");
        var settings = SettingsArguments.AddTo(command);
        command.SetAction(result =>
            settings.Load(result, io.Error) is { } options ? Run(options, io.Out, io.Error) : ExitCode.Failure
        );
        return command;
    }

    private static int Run(EdgeOptions options, TextWriter output, TextWriter error)
    {
        if (options.StoreKind != StoreKind.Postgres)
        {
            error.WriteLine($"{Name}: store.kind is files, which need no schema; set it to postgres, and store.connection");
            return ExitCode.Failure;
        }

        try
        {
            using var store = StoreFactory.Connection(options);
            var (from, to) = StoreMigrations.Apply(store);
            if (from > to)
            {
                error.WriteLine($"{Name}: {StoreMigrations.Problem(from, store.Place)}");
                return ExitCode.Failure;
            }

            output.WriteLine(
                from == to
                    ? $"the schema edge at {store.Place} has version {to} already"
                    : $"the schema edge at {store.Place} went from version {from} to {to}"
            );
            return ExitCode.Success;
        }
        catch (StoreException e)
        {
            error.WriteLine($"{Name}: {e.Message}");
            return ExitCode.Failure;
        }
    }
}
