using System.CommandLine;
using Edge.Access;
using Edge.Commands.Streams;
using Edge.Formats;
using Edge.Storage;

namespace Edge.Commands;

/// <summary>
/// <c>edge synthetic NAME</c>: signs the mark of a test and prints the header, ready for curl. Needs the secret of a key
/// of the kind synthetic and nothing else, so it runs where the test does.
/// </summary>
internal static class SyntheticCommand
{
    private const string Name = "edge synthetic";

    /// <summary>The secret, where no file holds it: every user of the machine can read a command line.</summary>
    private const string Variable = "EDGE_SYNTHETIC_KEY";

    private const int HoursDefault = 1;

    public static Command Define(StandardStreams io)
    {
        var name = new Argument<string>("NAME")
        {
            Description = "Name of the test: letters, digits, hyphens and underscores; every event of it says it.",
        };
        var file = new Option<string>("--key-file")
        {
            HelpName = "FILE",
            Description = $"Holds the secret of a key of the kind synthetic; without it, {Variable} does.",
        };
        var hours = new Option<int>("--hours")
        {
            HelpName = "NUMBER",
            Description = $"How long the mark holds, 1 to {SyntheticMark.HoursMax}.",
            DefaultValueFactory = static _ => HoursDefault,
        };
        var command = new Command("synthetic", "Prints the header that marks the requests of a test, signed.")
        {
            name,
            file,
            hours,
        };
        command.SetAction(result =>
            Run(
                result.GetRequiredValue(name),
                result.GetValue(file),
                result.GetValue(hours),
                TimeProvider.System.GetUtcNow(),
                io.Out,
                io.Error
            )
        );
        return command;
    }

    private static int Run(
        string name,
        string? file,
        int hours,
        DateTimeOffset now,
        TextWriter output,
        TextWriter error
    )
    {
        if (!SyntheticMark.IsName(name))
        {
            error.WriteLine(
                $"{Name}: NAME must be 1 to {SyntheticMark.NameCharsMax} letters, digits, hyphens and underscores"
            );
            return ExitCode.WrongUsage;
        }

        if (hours is < 1 or > SyntheticMark.HoursMax)
        {
            error.WriteLine($"{Name}: --hours must be 1 to {SyntheticMark.HoursMax}");
            return ExitCode.WrongUsage;
        }

        var secret = file is null ? Environment.GetEnvironmentVariable(Variable) ?? "" : DiskFile.ReadLine(file);
        if (KeySecret.KindOf(secret) != KeyKind.Synthetic)
        {
            error.WriteLine(
                $"{Name}: needs the secret of a key of the kind synthetic (syn_) in --key-file or {Variable};"
                    + " edge keys create --kind synthetic makes one"
            );
            return ExitCode.WrongUsage;
        }

        output.WriteLine($"{SyntheticMark.HeaderName}: {SyntheticMark.Sign(name, secret, now.AddHours(hours))}");
        return ExitCode.Success;
    }
}
