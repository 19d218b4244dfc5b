using Microsoft.Extensions.Logging;

namespace Edge.Tests.Support;

/// <summary>Keeps what was said: id and text of every message. Thread safe.</summary>
internal sealed class LogLines : ILogger
{
    private readonly Lock _lock = new();
    private readonly List<(int Id, string Text)> _lines = [];

    public (int Id, string Text)[] All
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines];
            }
        }
    }

    public int[] Ids => [.. All.Select(line => line.Id)];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        lock (_lock)
        {
            _lines.Add((eventId.Id, formatter(state, exception)));
        }
    }
}
