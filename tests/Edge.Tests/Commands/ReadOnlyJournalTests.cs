using Edge.Commands.Journals;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Commands;

/// <summary>Commands that only read the journal, where it may not be written.</summary>
public sealed class ReadOnlyJournalTests : IDisposable
{
    private const int Records = 100;
    private readonly TempDirectory _directory = new();

    private JournalOptions Options => TestJournal.SmallOptions(_directory["journal"]);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Commands_OnASnapshot_ReadIt()
    {
        await FillAsync();
        using var snapshot = ReadOnlyMount.Of(_directory.Path);

        AssertReads(TestJournal.SmallOptions(Path.Combine(snapshot.Path, "journal")));
    }

    [Fact]
    public async Task Commands_WithoutALock_MakeNone()
    {
        await FillAsync();
        File.Delete(_directory["journal", "lock"]);

        AssertReads(Options);

        Assert.False(File.Exists(_directory["journal", "lock"]));
    }

    [Fact]
    public async Task Dump_BesideTheService_IsRefusedAllTheSame()
    {
        await using var journal = TestJournal.Open(Options);
        var error = new StringWriter();

        Assert.Equal(1, JournalDump.Run(Options, Stream.Null, error));

        Assert.Contains($"in use by process {Environment.ProcessId}", error.ToString(), StringComparison.Ordinal);
    }

    private static void AssertReads(JournalOptions options)
    {
        var output = new StringWriter();

        Assert.Equal(0, JournalDump.Run(options, Stream.Null, output));
        Assert.Equal(0, JournalStat.Run(options, Stream.Null, output));
        Assert.Equal(0, JournalVerify.Run(options, output, output));

        Assert.StartsWith($"{Records} records intact, 0 problems", output.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A journal with a sink that has taken nothing yet.</summary>
    private async Task FillAsync()
    {
        await using (var journal = TestJournal.Open(Options))
        {
            await journal.AppendAsync(Records);
        }

        using var cursor = CursorFile.Open(
            Path.Combine(Options.CursorDirectory, "files"),
            JournalManifest.Read(_directory["journal", "manifest"]).EpochId
        );
        cursor.Write(default);
    }
}
