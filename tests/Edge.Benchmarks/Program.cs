using System.Globalization;
using Edge.Benchmarks;

// dotnet run -c Release --project tests/Edge.Benchmarks -- append [DIRECTORY]
// dotnet run -c Release --project tests/Edge.Benchmarks -- calibrate [--seed N] [--runs N] [--only TEXT]
switch (args)
{
    case ["append"]:
        await AppendBenchmark.RunAsync(Path.GetTempPath(), Console.Out);
        return 0;
    case ["append", var directory]:
        await AppendBenchmark.RunAsync(directory, Console.Out);
        return 0;
    case ["calibrate", .. var rest] when rest.Length % 2 == 0:
        var options = new Dictionary<string, string> { ["--seed"] = "20260101", ["--runs"] = "400", ["--only"] = "" };
        foreach (var pair in rest.Chunk(2))
        {
            options[pair[0]] = pair[1];
        }
        var offences = Calibration.Run(
            ulong.Parse(options["--seed"], CultureInfo.InvariantCulture),
            int.Parse(options["--runs"], CultureInfo.InvariantCulture), options["--only"], Console.Out);
        return offences == 0 ? 0 : 1;
    default:
        Console.Error.WriteLine("usage: append [DIRECTORY on the disk to be measured]");
        Console.Error.WriteLine("       calibrate [--seed N] [--runs N] [--only TEXT in the row's name]");
        return 2;
}
