using Edge.Benchmarks;

// dotnet run -c Release --project tests/Edge.Benchmarks -- append [DIRECTORY] | select | swap [DIRECTORY]
var directory = args.Length > 1 ? args[1] : Path.GetTempPath();
switch (args)
{
    case ["append", ..]:
        await AppendBenchmark.RunAsync(directory, Console.Out);
        return 0;
    case ["select"]:
        SelectionBenchmark.Run(Console.Out);
        return 0;
    case ["swap", ..]:
        await SwapBenchmark.RunAsync(directory, Console.Out);
        return 0;
    default:
        Console.Error.WriteLine("usage: append [DIRECTORY on the disk to be measured] | select | swap [DIRECTORY]");
        return 2;
}
