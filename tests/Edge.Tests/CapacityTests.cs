using System.Globalization;
using System.Text.RegularExpressions;
using Edge.Forwarding;
using Edge.Settings;
using Xunit;

namespace Edge.Tests;

/// <summary>Limits are lowered to what the machine gives, and only lowered.</summary>
public partial class CapacityTests
{
    private const int Mebibyte = 1 << 20;

    [Theory]
    [InlineData(64, 20_000, 256, 4, 4, 1)]
    [InlineData(128, 20_000, 1_024, 32, 8, 4)]
    [InlineData(256, 20_000, 2_048, 64, 16, 8)]
    [InlineData(1_024, 20_000, 8_192, 256, 64, 16)]
    [InlineData(100_000, 20_000, 10_000, 256, 128, 16)]
    [InlineData(100_000, 1_024, 920, 256, 128, 16)]
    [InlineData(100_000, 64, 20, 256, 128, 16)]
    public void Limits_AreFittedInto_FilesAndMemory(
        int memoryMiB,
        int files,
        int connections,
        int bodiesMiB,
        int idsMiB,
        int journalMiB
    )
    {
        var options = new EdgeOptions();

        var lowered = new Capacity(files, (long)memoryMiB * Mebibyte).Fit(options, null, out var problem);

        Assert.Null(problem);
        Assert.Equal(
            (connections, bodiesMiB, idsMiB, journalMiB),
            (
                options.HttpMaxConnections,
                (int)(options.IngestInFlightBytes / Mebibyte),
                (int)(options.DuplicateMemoryBytes / Mebibyte),
                options.JournalMemoryBytes / Mebibyte
            )
        );
        Assert.All(lowered, limit => Assert.True(limit.To < limit.From, limit.ToString()));
    }

    [Theory]
    [InlineData(64, null, 256)]
    [InlineData(64, 1_024, 1_024)]
    [InlineData(64, 256, 256)]
    [InlineData(128, null, 1_024)]
    [InlineData(1_024, 256, 256)]
    [InlineData(1_024, 512, 1_024)]
    public void PagesOfTheJournal_AreSmallWhereItIsMadeWithLittleMemory(int memoryMiB, int? thereKiB, int pageKiB)
    {
        var options = new EdgeOptions();

        _ = new Capacity(20_000, (long)memoryMiB * Mebibyte).Fit(options, thereKiB << 10, out _);

        Assert.Equal(pageKiB << 10, options.JournalPageBytes);
        Assert.True(options.JournalMemoryBytes >= 2 * options.JournalPageBytes);
    }

    [Theory]
    [InlineData(64, 72_160)]
    [InlineData(256, 288_640)]
    [InlineData(1_024, 1_000_000)]
    public void Units_OfExperiments_AreFittedIntoMemory(int memoryMiB, int units)
    {
        var options = new EdgeOptions();

        _ = new Capacity(20_000, (long)memoryMiB * Mebibyte).Fit(options, null, out _);

        Assert.Equal(units, options.TallyUnitsMax);
    }

    [Theory]
    [InlineData(64, 8)]
    [InlineData(256, 16)]
    [InlineData(512, 32)]
    [InlineData(4_096, 32)]
    public void Headers_AreFittedIntoMemory(int memoryMiB, int headerKiB)
    {
        var options = new EdgeOptions();

        _ = new Capacity(20_000, (long)memoryMiB * Mebibyte).Fit(options, null, out _);

        Assert.Equal(headerKiB << 10, options.HttpMaxHeaderBytes);
    }

    [Theory]
    [InlineData(64, 1)]
    [InlineData(128, 2)]
    [InlineData(1_024, 4)]
    public void Batches_OfASink_AreFittedIntoMemory(int memoryMiB, int batchMiB)
    {
        var options = new EdgeOptions();
        options.Sinks = [.. options.Sinks, new SinkOptions("house", SinkType.ClickHouse)];

        var lowered = new Capacity(20_000, (long)memoryMiB * Mebibyte).Fit(options, null, out _);

        Assert.All(options.Sinks, sink => Assert.Equal(batchMiB * Mebibyte, sink.BatchMaxBytes));
        Assert.Equal(batchMiB < 4, lowered.Any(limit => limit.Setting == "sinks.house.batchMaxBytes"));
    }

    [Theory]
    [InlineData("clickhouse", 8)]
    [InlineData("kafka", 72)]
    public void OpenFiles_OfASink_AreReserved(string type, int files)
    {
        Assert.True(SinkTypes.TryParse(type, out var known));
        var (options, more) = (new EdgeOptions(), new EdgeOptions());
        more.Sinks = [.. more.Sinks, new SinkOptions("queue", known)];

        _ = new Capacity(1_024, 1L << 40).Fit(options, null, out _);
        _ = new Capacity(1_024, 1L << 40).Fit(more, null, out _);

        Assert.Equal(files, options.HttpMaxConnections - more.HttpMaxConnections);
    }

    [Theory]
    [InlineData(51, true)]
    [InlineData(50, false)]
    public void OpenFiles_TooFew_AreAProblem(int files, bool isEnough)
    {
        _ = new Capacity(files, 1L << 40).Fit(new EdgeOptions(), null, out var problem);

        Assert.Equal(isEnough, problem is null);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(600)]
    public void OpenFiles_TooFew_NameTheLeastThatIsEnough(int sinks)
    {
        var options = new EdgeOptions
        {
            Sinks = [.. Enumerable.Range(0, sinks).Select(static n => new SinkOptions($"s{n}", SinkType.File))],
        };
        _ = new Capacity(1, 1L << 40).Fit(options, null, out var problem);
        var least = int.Parse(Least().Match(problem!).Groups[1].Value, CultureInfo.InvariantCulture);

        _ = new Capacity(least - 1, 1L << 40).Fit(options, null, out var below);
        _ = new Capacity(least, 1L << 40).Fit(options, null, out var at);

        Assert.NotNull(below);
        Assert.Null(at);
    }

    [GeneratedRegex("at least ([0-9]+) are needed")]
    private static partial Regex Least();
}
