using Spectre.Console;
using Spectre.Console.Rendering;

namespace Edge.LoadTests.Reports;

/// <summary>
/// What a run does at this moment: the last seconds as a table in a terminal, one line every ten seconds elsewhere.
/// </summary>
internal sealed class LiveTable(IAnsiConsole console, string title)
{
    private const int Rows = 10;
    private const int SecondsBetweenLines = 10;

    // Of most figures, such as 20,000 or 12.34.
    private const int ValueWidth = 6;
    private readonly List<TimelinePoint> _points = [];

    /// <summary>Shows what <paramref name="run"/> reports, until it ends.</summary>
    public async Task ShowAsync(Func<Action<TimelinePoint>, Task> run)
    {
        if (!console.Profile.Capabilities.Interactive || !console.Profile.Out.IsTerminal)
        {
            await run(WriteLine);
            return;
        }

        await console
            .Live(Draw())
            .StartAsync(async live =>
                await run(point =>
                {
                    _points.Add(point);
                    live.UpdateTarget(Draw());
                })
            );
    }

    private void WriteLine(TimelinePoint point)
    {
        _points.Add(point);
        if (_points.Count % SecondsBetweenLines == 0)
        {
            // Not by the console, which would break the line at a width that no file has.
            console.Profile.Out.Writer.WriteLine(
                string.Join("  ", Columns.Select(column => $"{column.Name} {column.Value(point)}"))
            );
        }
    }

    private Table Draw()
    {
        var table = new Table().Title(Markup.Escape(title)).Border(TableBorder.Rounded);
        var columns = Fitting(console.Profile.Width);
        foreach (var (name, _) in columns)
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        foreach (var point in _points.TakeLast(Rows))
        {
            table.AddRow(columns.Select(column => (IRenderable)new Text(column.Value(point))));
        }

        return table;
    }

    private static (string Name, Func<TimelinePoint, string> Value)[] Columns =>
        [
            ("s", static p => Figures.Text(Math.Floor(p.Second))),
            ("intended/s", static p => Figures.Text(p.IntendedRate)),
            ("sent/s", static p => Figures.Text(p.SentRate)),
            ("answered/s", static p => Figures.Text(p.AnsweredRate)),
            ("errors/s", static p => Figures.Text(p.ErrorRate)),
            ("p50 ms", static p => Figures.Text(p.P50)),
            ("p99 ms", static p => Figures.Text(p.P99)),
            ("max ms", static p => Figures.Text(p.Max)),
            ("cores", static p => Optional(p.Cores)),
            ("MiB", static p => Optional(p.MemoryMebibytes)),
            ("queue", static p => Optional(p.Pending)),
        ];

    /// <summary>The columns for which a terminal is wide enough, without those that say least.</summary>
    private static (string Name, Func<TimelinePoint, string> Value)[] Fitting(int width)
    {
        var left = Columns.ToList();
        foreach (var dispensable in (string[])["answered/s", "max ms", "MiB", "p50 ms", "intended/s", "cores"])
        {
            // A border and a space on both sides of each, and the last border.
            if (left.Sum(static column => Math.Max(column.Name.Length, ValueWidth) + 3) + 1 <= width)
            {
                break;
            }

            left.RemoveAll(column => column.Name == dispensable);
        }

        return [.. left];
    }

    private static string Optional(double? value) => value is { } known ? Figures.Text(known) : "-";
}
