using Edge.Benchmarks;

// dotnet run -c Release --project tests/Edge.Benchmarks -- append [DIRECTORY] | tally
switch (args)
{
    case ["append", ..]:
        await AppendBenchmark.RunAsync(args.Length > 1 ? args[1] : Path.GetTempPath(), Console.Out);
        return 0;
    case ["tally"]:
        TallyBenchmark.Run(Console.Out);
        return 0;
    default:
        Console.Error.WriteLine("usage: append [DIRECTORY on the disk to be measured] | tally");
        return 2;
}
