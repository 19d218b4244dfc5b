using System.Text;
using Edge.Events;
using Edge.Forwarding.DeadLetters;
using Edge.Journal;
using Edge.Settings;
using Edge.Settings.Sinks;
using Edge.Tests.Forwarding.Postgres;
using Edge.Tests.Support;

namespace Edge.Tests.Commands;

/// <summary>
/// A data directory, a database and the settings that lead from one to the other, for commands about sinks.
/// </summary>
internal sealed class SinkSite : IDisposable
{
    public const string Sink = "warehouse";

    private readonly TempDirectory _directory = new();

    private SinkSite(string connection)
    {
        Connection = connection;
        var sinks = new SinkConfiguration();
        sinks.Add($"{Sink}.type", "postgres", "test");
        sinks.Add($"{Sink}.connection", connection, "test");
        sinks.Add($"{Sink}.table", PostgresEvents.Table, "test");
        Options = new EdgeOptions { DataDir = _directory.Path, Sinks = sinks.Build([]) };
    }

    public string Connection { get; }

    public EdgeOptions Options { get; }

    public string DeadLetters => Path.Combine(Options.DeadLettersDir, Sink);

    public string[] DeadLetterLines =>
        Directory.Exists(DeadLetters)
            ? [.. Directory.GetFiles(DeadLetters, "*.ndjson").SelectMany(File.ReadAllLines)]
            : [];

    /// <summary>With a database, and the table in it unless told otherwise.</summary>
    public static async Task<SinkSite> CreateAsync(PostgresServer server, bool hasTable = true) =>
        new(hasTable ? await PostgresEvents.CreateAsync(server) : await server.CreateDatabaseAsync());

    /// <summary>Writes dead letters as the pump does.</summary>
    public void AddDeadLetters(params string[] events)
    {
        var box = new DeadLetterBox(DeadLetters, Sink, TimeProvider.System);
        for (var i = 0; i < events.Length; i++)
        {
            box.Add(PostgresEvents.IdOf(i + 1), Encoding.UTF8.GetBytes(events[i]), "no\nthanks");
        }

        box.Save();
    }

    /// <summary>A journal with events received at these moments.</summary>
    public async Task FillJournalAsync(params DateTimeOffset[] receivedAt)
    {
        await using var journal = TestJournal.Open(TestJournal.SmallOptions(Options.JournalDir));
        for (var i = 0; i < receivedAt.Length; i++)
        {
            var id = new EventId(
                ((ulong)receivedAt[i].ToUnixTimeMilliseconds() << 16) | 0x7000,
                0x8000_0000_0000_0000 | (uint)i
            );
            var json = $$"""{"v":1,"id":"{{id}}","api":"pictify","type":"click","variant":"{{i}}"}""";
            // A full memory buffer is waited out.
            while (journal.Journal.TryAppend(TestJournal.RecordOf(json), id, out _) != AppendResult.Appended)
            {
                await Task.Yield();
            }
        }
        await journal.Journal.CommitAsync();
    }

    public void Dispose() => _directory.Dispose();
}
