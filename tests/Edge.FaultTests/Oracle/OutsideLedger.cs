namespace Edge.FaultTests.Oracle;

/// <summary>
/// Everything the visitors of one site sent and were promised, kept outside the process under test. Thread safe.
/// </summary>
internal sealed class OutsideLedger(string name, int fillerMaxChars)
{
    private readonly Lock _lock = new();
    private readonly List<SentEvent> _sent = [];

    /// <summary>Stands in every referrer, so that events of another ledger are recognised as phantoms.</summary>
    public string Name => name;

    /// <summary>Referrers get up to this many characters of text behind the number.</summary>
    public int FillerMaxChars => fillerMaxChars;

    public int Attempted
    {
        get
        {
            lock (_lock)
            {
                return _sent.Count;
            }
        }
    }

    /// <summary>Writes an event down before its first byte is sent.</summary>
    public SentEvent Begin(int visitor, bool isClick)
    {
        lock (_lock)
        {
            var sent = new SentEvent(this, _sent.Count, visitor, isClick);
            _sent.Add(sent);
            return sent;
        }
    }

    /// <summary>The same events and promises in a ledger of its own, for a copy of the data directory.</summary>
    public OutsideLedger Copy()
    {
        var copy = new OutsideLedger(name, fillerMaxChars);
        foreach (var sent in All())
        {
            copy.Begin(sent.Visitor, sent.IsClick).Promise = sent.Promise;
        }

        return copy;
    }

    public long Count(Promise promise)
    {
        lock (_lock)
        {
            return _sent.LongCount(sent => sent.Promise == promise);
        }
    }

    public SentEvent[] All()
    {
        lock (_lock)
        {
            return [.. _sent];
        }
    }
}
