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
    case ["useragents", .. var rest]:
        return UserAgentBenchmark.Run(rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : UserAgentBenchmark.AgentsDefault, Console.Out);
    default:
        Console.Error.WriteLine("""
            usage: append [DIRECTORY on the disk to be measured]
                   backlog DATA-DIRECTORY MEBIBYTES
                   useragents [GENERATED AGENTS to compare on]
            """);
        return 2;
}
