using Confluent.Kafka;

namespace Edge.Forwarding.Kafka;

/// <summary>
/// What the client library has logged as an error since the last success, which is the only place where it says why
/// nothing moves. Noted by the library's threads, read by the pump's.
/// </summary>
internal sealed class KafkaComplaint
{
    private const int WordsMaxChars = 300;

    /// <summary>How the library says that no broker can be reached, behind how many there are; not why.</summary>
    private const string NobodyReached = " brokers are down";

    private volatile string? _words;
    private volatile bool _isFatal;
    private volatile bool _isNobodyReached;

    /// <summary>The newest complaint; null when there is none.</summary>
    public string? Words => _words;

    /// <summary>
    /// Whether the library has given the client up, as an idempotent producer does when it cannot know what the brokers
    /// have. Stays.
    /// </summary>
    public bool IsFatal => _isFatal;

    /// <summary>Whether the library has tried every broker that it knows, and could not connect to any.</summary>
    public bool IsNobodyReached => _isNobodyReached;

    /// <summary>Takes a line of the library's log; never throws.</summary>
    public void Note(LogMessage line)
    {
        if (line.Level > SyslogLevel.Error || _isFatal)
        {
            return;
        }

        var words = Shorten(line.Message);
        if (words.EndsWith(NobodyReached, StringComparison.Ordinal))
        {
            // What stood before says of a broker why.
            _words ??= words;
            _isNobodyReached = true;
            return;
        }

        _words = words;
        // There is no other word of it: the fatal error of a producer is reported with no message.
        _isFatal = words.StartsWith("Fatal error:", StringComparison.Ordinal);
    }

    /// <summary>Something succeeded, so that what was said before holds no longer.</summary>
    public void Forget()
    {
        if (!_isFatal)
        {
            _words = null;
            _isNobodyReached = false;
        }
    }

    /// <summary>On one line, without the names of the thread and of the client that it begins with.</summary>
    private static string Shorten(string message)
    {
        var words = After(After(message, "[thrd:", "]: "), KafkaConfiguration.ClientName + "#", ": ");
        words = words.ReplaceLineEndings(" ").Trim();
        return words.Length > WordsMaxChars ? words[..WordsMaxChars] + "..." : words;
    }

    /// <summary>What follows the end, in a text that has such a beginning.</summary>
    private static string After(string text, string begin, string end)
    {
        var at = text.StartsWith(begin, StringComparison.Ordinal) ? text.IndexOf(end, StringComparison.Ordinal) : -1;
        return at < 0 ? text : text[(at + end.Length)..];
    }
}
