using System.Globalization;
using Edge.Benchmarks;

// dotnet run -c Release --project tests/Edge.Benchmarks -- COMMAND
switch (args)
{
    case ["append", .. var rest]:
        await AppendBenchmark.RunAsync(rest.Length > 0 ? rest[0] : Path.GetTempPath(), Console.Out);
        return 0;
    case ["backlog", var directory, var mebibytes] when long.TryParse(mebibytes, NumberStyles.None, CultureInfo.InvariantCulture, out var size):
        await Backlog.WriteAsync(directory, size << 20, Console.Out);
        return 0;
    case ["geo", var database]:
        return GeoBenchmark.Run(database, Console.Out, Console.Error);
    default:
        Console.Error.WriteLine("""
            usage: append [DIRECTORY on the disk to be measured]
                   backlog DATA-DIRECTORY MEBIBYTES
                   geo DATABASE.mmdb
            """);
        return 2;
}
