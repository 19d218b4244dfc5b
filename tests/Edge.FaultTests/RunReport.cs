using System.Globalization;
using System.Text.RegularExpressions;
using Edge.FaultTests.Oracle;
using Edge.Tests.Support;
using Xunit;

namespace Edge.FaultTests;

/// <summary>
/// What one test has to show: seed, commit, cycles, acknowledged, delivered, lost, duplicates, phantoms. Written to the
/// test's output and, in the long tier, as a row of <c>artifacts/fault-results.md</c>, from where it goes into
/// <c>docs/durability.md</c>.
/// </summary>
internal sealed partial class RunReport(string test, int seed, int? cyclesWanted)
{
    private const string Header = """
        | Test | Seed | Commit | Cycles | Attempted | Acknowledged | Delivered | Lost | Duplicates | Phantoms |
        |---|---|---|---|---|---|---|---|---|---|

        """;

    private static readonly Lock FileLock = new();

    private long _attempted;
    private long _acknowledged;
    private long _delivered;
    private long _lost;
    private long _duplicates;
    private long _phantoms;
    private bool _isComplete;

    public int Cycles { get; private set; }

    public int CyclesLeft => cyclesWanted is { } wanted ? wanted - Cycles : int.MaxValue;

    public void Add(int cycles, DeliveryCheck check)
    {
        Cycles += cycles;
        _attempted += check.Attempted;
        _acknowledged += check.Acknowledged;
        _delivered += check.Delivered;
        _lost += check.Lost;
        _duplicates += check.Duplicates;
        _phantoms += check.Phantoms;
    }

    /// <summary>There was nothing left to try.</summary>
    public void SetComplete() => _isComplete = true;

    /// <summary>Publishes the row.</summary>
    public async Task WriteAsync()
    {
        var (_, version, _) = await EdgeProcess.RunAsync(["version"]);
        var commit = Commit().Match(version).Groups[1].Value;
        var cycles =
            cyclesWanted is { } wanted ? $"{Cycles} of {wanted}"
            : _isComplete ? $"{Cycles}, all"
            : $"{Cycles}";
        var row = string.Create(
            CultureInfo.InvariantCulture,
            $"| {test} | {seed} | {commit} | {cycles} | {_attempted} | {_acknowledged} | {_delivered} | {_lost} | {_duplicates} | {_phantoms} |"
        );
        TestContext.Current.TestOutputHelper?.WriteLine(Header + row);
        if (!Tier.IsLong)
        {
            return;
        }

        var path = Path.Combine(Repository.Root, "artifacts", "fault-results.md");
        lock (FileLock)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.AppendAllText(path, (File.Exists(path) ? "" : Header) + row + "\n");
        }
    }

    [GeneratedRegex(@"commit (\S+)")]
    private static partial Regex Commit();
}
