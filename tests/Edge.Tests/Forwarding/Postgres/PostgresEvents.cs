using System.Text;
using Edge.Events;
using Edge.Forwarding.Postgres;
using Edge.Journal.Records;
using Edge.Tests.Support;

namespace Edge.Tests.Forwarding.Postgres;

/// <summary>Batches of events and a table to put them into.</summary>
internal static class PostgresEvents
{
    public const string Table = "edge_events";

    /// <summary>2026-11-21T09:30:00.123Z.</summary>
    public const ulong Milliseconds = 1_795_253_400_123;

    public static EventId IdOf(int number) => new((Milliseconds << 16) | 0x7000, 0x8000_0000_0000_0000 | (uint)number);

    public static string EventOf(int number, string more = "") =>
        $$"""{"v":1,"id":"{{IdOf(number)}}","node":"test","received_at":"2026-11-21T09:30:00.123Z","api":"pictify","type":"click"{{more}}}""";

    public static RecordBatch Batch(params string[] events)
    {
        var batch = new RecordBatch();
        batch.Clear(default);
        for (var i = 0; i < events.Length; i++)
        {
            batch.Add(IdOf(i + 1), i + 1, Encoding.UTF8.GetBytes(events[i]), Batches.CursorAt(i + 1));
        }

        return batch;
    }

    /// <summary>The events of these numbers.</summary>
    public static RecordBatch BatchOf(int first, int last)
    {
        var batch = new RecordBatch();
        batch.Clear(Batches.CursorAt(first - 1));
        for (var i = first; i <= last; i++)
        {
            batch.Add(IdOf(i), i, Encoding.UTF8.GetBytes(EventOf(i)), Batches.CursorAt(i));
        }

        return batch;
    }

    public static PostgresSinkOptions Options(string connection) => new() { Connection = connection, Table = Table };

    /// <summary>A new database with the table of edge sink init; its connection string.</summary>
    public static async Task<string> CreateAsync(PostgresServer server)
    {
        var connection = await server.CreateDatabaseAsync();
        var setup = await PostgresSetup.RunAsync(Options(connection), applies: true);
        Xunit.Assert.Null(setup.Problem);
        return connection;
    }
}
