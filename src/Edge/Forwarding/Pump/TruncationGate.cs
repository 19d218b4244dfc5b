using Edge.Journal;
using Edge.Journal.Records;

namespace Edge.Forwarding.Pump;

/// <summary>
/// Decides how much of the journal may be removed: what every enabled sink has durably taken, and nothing more. A
/// sink that is dead or far behind holds the journal, on purpose. Thread safe.
/// </summary>
internal sealed class TruncationGate(EventJournal journal)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JournalCursor> _durable = new(StringComparer.Ordinal);
    private JournalCursor _released;

    /// <summary>
    /// Makes a sink count, from its durable cursor on. Every enabled sink is added before the first one reports, or the
    /// others would release what this one still needs.
    /// </summary>
    public void Add(string sink, JournalCursor durable)
    {
        lock (_lock)
        {
            _durable.Add(sink, durable);
        }
    }

    /// <summary>A sink's cursor is durable up to here.</summary>
    public void Report(string sink, JournalCursor durable)
    {
        lock (_lock)
        {
            _durable[sink] = durable;
            var smallest = durable;
            foreach (var cursor in _durable.Values)
            {
                if (cursor.Address < smallest.Address)
                {
                    smallest = cursor;
                }
            }

            if (smallest.Address > _released.Address)
            {
                _released = smallest;
                journal.Release(smallest);
            }
        }
    }
}
