using Edge.Benchmarks;

// dotnet run -c Release --project tests/Edge.Benchmarks -- append [DIRECTORY]
if (args is not ["append", ..])
{
    Console.Error.WriteLine("usage: append [DIRECTORY on the disk to be measured]");
    return 2;
}
await AppendBenchmark.RunAsync(args.Length > 1 ? args[1] : Path.GetTempPath(), Console.Out);
return 0;
