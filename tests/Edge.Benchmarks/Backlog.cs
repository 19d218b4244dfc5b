using System.Globalization;
using Edge.Events;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Telemetry;

namespace Edge.Benchmarks;

/// <summary>
/// Writes a data directory whose journal holds a backlog of a given size: what a start is measured on.
/// </summary>
internal static class Backlog
{
    private const string Payload =
        """{"v":1,"id":"019aa5c0-6f1e-7000-8000-0412ab34cd56","node":"backlog","type":"impression","verdict":"human","authenticated":false,"referrer":"https://example.com/{0}"}""";

    public static async Task WriteAsync(string dataDirectory, long bytes, TextWriter output)
    {
        var options = new JournalOptions
        {
            Directory = Path.Combine(dataDirectory, "journal"),
            MaxBytes = Math.Max(bytes * 2, 1L << 30),
        };
        Directory.CreateDirectory(dataDirectory);
        await using var journal = EventJournal.Open(options, TimeProvider.System, new Ledger());
        var ids = new EventIds(TimeProvider.System);
        var text = Payload.Replace("{0}", new string('x', 320), StringComparison.Ordinal);
        var record = new byte[Envelope.HeaderBytes + text.Length];
        System.Text.Encoding.UTF8.GetBytes(text, record.AsSpan(Envelope.HeaderBytes));
        for (var written = 0L; written < bytes;)
        {
            if (journal.TryAppend(record, ids.Next(), out _) == AppendResult.Appended)
            {
                written += record.Length;
            }
            else
            {
                await Task.Delay(1);
            }
        }
        await journal.CommitAsync();
        var status = journal.Status;
        output.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{journal.CommittedSequence} events, {status.HeldBytes} bytes")
        );
    }
}
