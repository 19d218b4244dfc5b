using Edge.Journal.Recovery;
using Edge.Journal.Segments;
using Edge.Storage;

namespace Edge.Journal.Records;

/// <summary>
/// Reads the segment files record by record without the log engine and checks the engine's framing and the envelope.
/// After damage it continues at the next record that can be read. Not thread safe.
/// </summary>
internal sealed class LogWalker
{
    private readonly SegmentFiles _segments;
    private readonly JournalManifest _manifest;
    private readonly long _until;
    private readonly byte[] _page;
    private long _pageStart = -1;
    private long _next;
    private int _payloadOffset;
    private int _payloadLength;

    /// <param name="segments">The files.</param>
    /// <param name="manifest">Sizes and identity of the journal.</param>
    /// <param name="from">A record boundary or the start of a page.</param>
    /// <param name="until">End of the range, exclusive.</param>
    public LogWalker(SegmentFiles segments, JournalManifest manifest, long from, long until)
    {
        _segments = segments;
        _manifest = manifest;
        _next = Math.Max(from, EngineRecord.FirstAddress);
        _until = until;
        _page = new byte[manifest.PageBytes];
        Problem = "";
    }

    /// <summary>Where the current record, or damage, begins.</summary>
    public long Address { get; private set; }

    /// <summary>First address after the current record; after damage where it goes on.</summary>
    public long NextAddress => _next;

    /// <summary>The header of the current record.</summary>
    public Envelope Envelope { get; private set; }

    public ReadOnlySpan<byte> Payload => _page.AsSpan(_payloadOffset, _payloadLength);

    /// <summary>What is wrong here, in words; empty for an intact record.</summary>
    public string Problem { get; private set; }

    /// <summary>Why the page at <see cref="Address"/> could not be read; null when it could.</summary>
    public DiskException? ReadError { get; private set; }

    /// <summary>Moves to the next record or the next damage.</summary>
    public WalkStep Step()
    {
        while (_next < _until)
        {
            Address = _next;
            if (!LoadPage(_next))
            {
                return Damage("the page cannot be read", intact: null);
            }

            var offset = (int)(_next - _pageStart);
            switch (EngineRecord.Read(_page, offset, out var entry))
            {
                case EngineContent.Unused when offset == 0:
                    return Damage("the page is empty", FindBehind());
                case EngineContent.Unused when FindBehind() is { } intact:
                    return Damage("the record is missing", intact);
                case EngineContent.Unused:
                    _next = EngineRecord.NextPage(_next, _page.Length);
                    continue;
                case EngineContent.Damaged:
                    return Damage("the record's frame does not match its checksum", FindBehind());
            }

            var state = Envelope.Check(entry, _manifest.Epoch, Address, out var envelope);
            if (state == RecordState.Damaged)
            {
                return Damage("the record does not match its checksum", FindBehind());
            }

            Envelope = envelope;
            Problem = "";
            _payloadOffset = offset + EngineRecord.HeaderBytes + Envelope.HeaderBytes;
            _payloadLength = entry.Length - Envelope.HeaderBytes;
            _next += EngineRecord.TotalBytes(entry.Length);
            return state == RecordState.Intact ? WalkStep.Record : WalkStep.NewerVersion;
        }
        return WalkStep.End;
    }

    private WalkStep Damage(string problem, long? intact)
    {
        Problem = problem;
        _next = intact ?? EngineRecord.NextPage(Address, _page.Length);
        return WalkStep.Damage;
    }

    /// <summary>The next record in the loaded page behind <see cref="Address"/> that can be read.</summary>
    private long? FindBehind() =>
        RecordSearch.FindBehind(_page, _pageStart, Address, _until, _manifest.Epoch);

    private bool LoadPage(long address)
    {
        var start = address & -(long)_page.Length;
        if (start == _pageStart)
        {
            return true;
        }

        try
        {
            _pageStart = -1;
            _segments.Read(start, _page);
            _pageStart = start;
            ReadError = null;
            return true;
        }
        catch (DiskException e)
        {
            ReadError = e;
            return false;
        }
    }
}

/// <summary>What a <see cref="LogWalker"/> found.</summary>
internal enum WalkStep
{
    Record,
    Damage,
    NewerVersion,
    End,
}
