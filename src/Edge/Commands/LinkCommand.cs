using System.CommandLine;
using System.Globalization;
using Edge.Catalog;
using Edge.Commands.Filters;
using Edge.Commands.Streams;
using Edge.Enrichment.Hashing;
using Edge.Experiments;
using Edge.Formats;
using Edge.Journal.Recovery;
using Edge.Settings;
using Edge.Visits;

namespace Edge.Commands;

/// <summary>
/// <c>edge link SLUG</c>: makes a signed link and pixel for every unit on standard input, a unit a line or a column of a
/// table. Needs experiments and secrets of the data directory, and no running service. A line that is wrong is named on
/// stderr and makes the exit code 1; the rest is answered.
/// </summary>
internal sealed class LinkCommand
{
    private const string Name = "edge link";

    // Written out and completed lazily, because every start of the program makes this table.
    private readonly Argument<string> _slug = new("SLUG") { Description = "Slug or uid of the experiment." };
    private readonly Option<string> _base = Text("--base", "URL", "What links begin with, such as https://links.example.");
    private readonly Option<string> _column = Text("--column", "NAME", "Reads a table (CSV): the column with the units.");
    private readonly Option<string> _variant = Text("--variant", "ID", "The variant that the mail shows; else the visit decides.");
    private readonly Option<string> _tracking = Text("--tracking", "MODE", "What is kept of visits: full, aggregate or off.");
    private readonly Option<string> _sent = Text("--sent", "TIME", "When it is sent, such as 2026-03-01T09:00:00Z; else now.");
    private readonly Option<int> _days = new("--days")
    {
        HelpName = "NUMBER",
        Description = $"How long links hold, 1 to {LinkTerms.DaysMax} days after they are sent; without it for ever.",
    };

    private LinkCommand() => _tracking.CompletionSources.Add(static _ => WireNames<TrackingMode>.Lower.Choices.Split(", "));

    public static Command Define(StandardStreams io)
    {
        var link = new LinkCommand();
        var command = new Command("link", "Prints a signed link and pixel for every unit on stdin: unit, link, pixel.")
        {
            link._slug,
            link._base,
            link._column,
            link._variant,
            link._tracking,
            link._sent,
            link._days,
        };
        var settings = SettingsArguments.AddTo(command).WithOwnDataDir(command);
        command.SetAction(result =>
            settings.Load(result, io.Error) is { } options
                ? LineFilter.Run(() => link.Run(options, result, TimeProvider.System.GetUtcNow(), io))
                : ExitCode.Failure
        );
        return command;
    }

    private static Option<string> Text(string name, string value, string description) =>
        new(name) { HelpName = value, Description = description };

    private int Run(EdgeOptions options, ParseResult result, DateTimeOffset now, StandardStreams io)
    {
        int Refuse(string problem)
        {
            io.Error.WriteLine($"{Name}: {problem}");
            return ExitCode.WrongUsage;
        }

        var start = result.GetValue(_base) ?? "";
        if (start.Length > 0 && !IsStart(start))
        {
            return Refuse($"--base '{start}' must be an http address without a query, such as https://links.example");
        }

        TrackingMode tracking = default;
        if (result.GetValue(_tracking) is { } mode && !WireNames<TrackingMode>.Lower.TryParse(mode, out tracking))
        {
            return Refuse($"--tracking must be one of {WireNames<TrackingMode>.Lower.Choices}");
        }

        var sent = now;
        if (result.GetValue(_sent) is { } time && !Timestamp.TryParse(time.AsSpan(), out sent))
        {
            return Refuse("--sent must be a time such as 2026-03-01T09:00:00Z");
        }

        var days = result.GetValue(_days);
        if (result.GetResult(_days) is { Implicit: false } && days is < 1 or > LinkTerms.DaysMax)
        {
            return Refuse($"--days must be 1 to {LinkTerms.DaysMax}");
        }

        var slug = result.GetRequiredValue(_slug);
        if (StoredExperiments.Find(options, slug, now, out var refused) is not { } experiment)
        {
            io.Error.WriteLine($"{Name}: {StoredExperiments.NotFound(options, slug, refused)}");
            return ExitCode.Failure;
        }

        var terms = new LinkTerms(result.GetValue(_variant), tracking, sent, days > 0 ? sent.AddDays(days) : null);
        if (terms.ProblemOf(experiment, now, out var member) is { } problem)
        {
            return Refuse($"{(member == "variant" ? "--variant" : member == "sentAt" ? "--sent" : "--days")} {problem}");
        }

        var isSaltReplaced =
            AddressSalt.IsMissing(options.AddressSalt, options.DataDir)
            && JournalView.HasEvents(options.ToJournalOptions());
        var salt = AddressSalt.LoadOrCreate(options.AddressSalt, options.DataDir);
        if (isSaltReplaced)
        {
            io.Error.WriteLine(
                $"{Name}: {AddressSalt.PathIn(options.DataDir)} was gone, and a new one was made: {AddressSalt.ReplacedMeans}"
            );
        }

        var tokens = new LinkTokens(options.LinkSecrets, salt);
        return Write(tokens, experiment, terms.ClaimsOf(experiment), start.TrimEnd('/'), result.GetValue(_column), io);
    }

    private static int Write(
        LinkTokens tokens,
        CatalogEntry experiment,
        in LinkClaims claims,
        string start,
        string? column,
        StandardStreams io
    )
    {
        var exitCode = ExitCode.Success;
        var at = -1;
        var number = 0;
        if (column is not null)
        {
            number++;
            var header = io.In.ReadLine()?.TrimStart('\uFEFF') ?? "";
            at = CsvLine.Read(header)?.IndexOf(column) ?? -1;
            if (at < 0)
            {
                io.Error.WriteLine(
                    $"{Name}: --column: the first line has no column '{column}'; separated by commas, it has: {string.Join(", ", CsvLine.Read(header) ?? [header])}"
                );
                return ExitCode.WrongUsage;
            }

            io.Out.WriteLine(header + ",click,pixel");
        }

        while (io.In.ReadLine() is { } line)
        {
            number++;
            if (line.Length == 0)
            {
                continue;
            }

            var fields = column is null ? [line] : CsvLine.Read(line);
            var unit = fields is null ? null : fields.ElementAtOrDefault(Math.Max(at, 0)) ?? "";
            if ((unit is null ? "a quoted field does not end" : LinkTokens.ProblemOf(unit)) is { } problem)
            {
                io.Error.WriteLine(
                    string.Create(CultureInfo.InvariantCulture, $"{Name}: line {number}: {(unit is null ? "" : "the unit ")}{problem}")
                );
                exitCode = ExitCode.Failure;
                continue;
            }

            var token = tokens.Create(claims, unit!);
            var separator = column is null ? '\t' : ',';
            io.Out.Write(line);
            io.Out.Write(separator);
            io.Out.Write(start + LinkTerms.ClickOf(experiment, token));
            io.Out.Write(separator);
            io.Out.WriteLine(start + LinkTerms.PixelOf(experiment, token));
        }

        return exitCode;
    }

    private static bool IsStart(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp)
        && url.UserInfo.Length == 0
        && url.Query.Length == 0
        && !text.Contains('?', StringComparison.Ordinal)
        && !text.Contains('#', StringComparison.Ordinal);
}
