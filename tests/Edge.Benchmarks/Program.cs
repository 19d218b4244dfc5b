using System.Globalization;
using Edge.Benchmarks;

// dotnet run -c Release --project tests/Edge.Benchmarks -- COMMAND, or as native code: make benchmarks,
// artifacts/benchmarks/Edge.Benchmarks COMMAND
switch (args)
{
    case ["append", .. var rest]:
        await AppendBenchmark.RunAsync(rest.Length > 0 ? rest[0] : Path.GetTempPath(), Console.Out);
        return 0;
    case ["backlog", var directory, var mebibytes]
        when long.TryParse(mebibytes, NumberStyles.None, CultureInfo.InvariantCulture, out var size):
        await Backlog.WriteAsync(directory, size << 20, Console.Out);
        return 0;
    case ["select"]:
        SelectionBenchmark.Run(Console.Out);
        return 0;
    case ["links"]:
        LinkBenchmark.Run(Console.Out);
        return 0;
    case ["swap", .. var rest]:
        await SwapBenchmark.RunAsync(rest.Length > 0 ? rest[0] : Path.GetTempPath(), Console.Out);
        return 0;
    case ["tally"]:
        TallyBenchmark.Run(Console.Out);
        return 0;
    case ["late"]:
        LateBenchmark.Run(Console.Out);
        return 0;
    case ["calibrate", .. var rest] when rest.Length % 2 == 0:
        var options = new Dictionary<string, string>
        {
            ["--seed"] = "20260101",
            ["--runs"] = "400",
            ["--only"] = "",
        };
        foreach (var pair in rest.Chunk(2))
        {
            options[pair[0]] = pair[1];
        }

        var offences = Calibration.Run(
            ulong.Parse(options["--seed"], CultureInfo.InvariantCulture),
            int.Parse(options["--runs"], CultureInfo.InvariantCulture),
            options["--only"],
            Console.Out
        );
        return offences == 0 ? 0 : 1;
    case ["useragents", .. var rest]:
        return UserAgentBenchmark.Run(
            rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : UserAgentBenchmark.AgentsDefault,
            Console.Out
        );
    case ["forward", var server, .. var rest] when Uri.TryCreate(server, UriKind.Absolute, out var url):
        return await ForwardBenchmark.RunAsync(
            url,
            rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : ForwardBenchmark.EventsDefault,
            rest is not [_, "plain"],
            Console.Out
        );
    case ["bodies"]:
        BodyBenchmark.Run(Console.Out);
        return 0;
    case ["enrichment"]:
        EnrichmentBenchmark.Run(Console.Out);
        return 0;
    case ["fleet", var binary]:
        return await FleetBenchmark.RunAsync(binary, Console.Out);
    case ["simulate", .. var rest]:
        FleetSimulation.Run(
            rest.Length > 0 ? ulong.Parse(rest[0], CultureInfo.InvariantCulture) : FleetSimulation.SeedDefault,
            Console.Out
        );
        return 0;
    case ["geo", var database]:
        return GeoBenchmark.Run(database, Console.Out, Console.Error);
    default:
        Console.Error.WriteLine(
            """
            usage: append [DIRECTORY on the disk to be measured]
                   backlog DATA-DIRECTORY MEBIBYTES
                   select
                   links
                   late
                   swap [DIRECTORY]
                   tally
                   calibrate [--seed N] [--runs N] [--only TEXT in the row's name]
                   useragents [GENERATED AGENTS to compare on]
                   enrichment
                   fleet BINARY
                   simulate [SEED]
                   geo DATABASE.mmdb
                   bodies
                   forward http://USER:PASSWORD@CLICKHOUSE:8123 [EVENTS [plain]]
            """
        );
        return 2;
}
