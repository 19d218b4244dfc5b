using System.Buffers;
using Edge.Requests.Bodies;

namespace Edge.Endpoints;

/// <summary>
/// The body of one request while it comes and until it is inflated. As soon as enough of it is there its beginning is
/// judged: a body that is wrong from the start becomes that beginning, in which the API's reader finds the fault, and
/// the rest need not come. Not thread safe.
/// </summary>
/// <param name="rules">What the route takes.</param>
/// <param name="isGzip">How it is coded.</param>
/// <param name="announcedBytes">Its length by the sender's word.</param>
internal sealed class ArrivingBody(BodyRules rules, bool isGzip, long? announcedBytes) : IDisposable
{
    /// <summary>Where a body that is going to be long is judged first: most that are wrong are wrong here.</summary>
    private const int JudgedFirstBytes = 64 << 10;

    /// <summary>
    /// What most gzip bodies need for <see cref="LargeBodies.FromBytes"/>; the others are judged at twice as much, and
    /// so on.
    /// </summary>
    private const int GzipJudgedFromBytes = 192 << 10;

    private PooledBytes _bytes = new(rules.Budget);
    private int _judgedFromBytes =
        rules.Large is null ? int.MaxValue
        : isGzip ? GzipJudgedFromBytes
        : announcedBytes > LargeBodies.FromBytes ? JudgedFirstBytes
        : LargeBodies.FromBytes;
    private bool _isGzip = isGzip;
    private bool _isLong;
    private long _reserved;

    /// <summary>Whether it is only the beginning of a body that is wrong already.</summary>
    public bool IsCut { get; private set; }

    /// <summary>
    /// Position of an event in the beginning that is too long for the API, so that it is not parsed again; null without
    /// one.
    /// </summary>
    public int? LongEvent { get; private set; }

    /// <summary>Whether what is still to be done with it wants a turn of <see cref="LargeBodies"/>.</summary>
    public bool WantsTurn =>
        _isLong
        || (_isGzip && rules.Large is not null && GzipBody.IsStatedLonger(_bytes.Written.Span, LargeBodies.FromBytes));

    /// <summary>The bytes, inflated once <see cref="Inflate"/> says so. Pooled: they end with this.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.Written;

    /// <summary>Takes what has come.</summary>
    public BodyFault Take(ReadOnlySequence<byte> sent)
    {
        foreach (var segment in sent)
        {
            if (_bytes.Length + segment.Length > rules.BytesMax)
            {
                return BodyFault.TooLarge;
            }

            if (!_bytes.TryAppend(segment.Span))
            {
                return BodyFault.Busy;
            }
        }
        if (_bytes.Length <= _judgedFromBytes || _isLong)
        {
            return BodyFault.None;
        }

        if (_isGzip)
        {
            return InflateBeginning(isWhole: false);
        }

        JudgePlain();
        return BodyFault.None;
    }

    /// <summary>
    /// Inflates the body once it is whole; without a turn no further than needed to know that it wants one.
    /// </summary>
    public BodyFault Inflate(bool hasTurn)
    {
        var fault = _isGzip && !_isLong ? InflateBeginning(isWhole: true) : BodyFault.None;
        return fault == BodyFault.None && _isGzip && hasTurn ? InflateAll() : fault;
    }

    /// <summary>
    /// Takes bytes of the budget for what is made of the body, until this ends; false when there are not enough.
    /// </summary>
    public bool TryReserve(long bytes)
    {
        if (rules.Budget is { } budget && !budget.TryTake(bytes))
        {
            return false;
        }

        _reserved += bytes;
        return true;
    }

    public void Dispose()
    {
        _bytes.Dispose();
        rules.Budget?.Return(_reserved);
        _reserved = 0;
    }

    private void JudgePlain()
    {
        var isLong = _bytes.Length > LargeBodies.FromBytes;
        IsCut = Cut(_bytes, isLong ? LargeBodies.FromBytes : JudgedFirstBytes);
        _isLong = isLong && !IsCut;
        _judgedFromBytes = LargeBodies.FromBytes;
    }

    private BodyFault InflateBeginning(bool isWhole)
    {
        var inflated = new PooledBytes(rules.Budget);
        var bytesMax = rules.Large is null ? rules.BytesMax : Math.Min(rules.BytesMax, LargeBodies.FromBytes);
        var fault = GzipBody.Inflate(_bytes.Written, bytesMax, inflated);
        var isLong = fault == BodyFault.TooLarge && bytesMax < rules.BytesMax && inflated.Length > bytesMax;
        IsCut = isLong && Cut(inflated, bytesMax);
        _isLong = isLong && !IsCut;
        if (IsCut || (isWhole && fault == BodyFault.None))
        {
            Become(inflated);
            return BodyFault.None;
        }
        inflated.Dispose();
        if (_isLong)
        {
            return BodyFault.None;
        }

        _judgedFromBytes = 2 * _bytes.Length;
        return isWhole || fault == BodyFault.TooLarge ? fault : BodyFault.None;
    }

    private bool Cut(PooledBytes beginning, int bytes)
    {
        var isCut = rules.Beginning.TryCut(beginning, bytes, out var longElement);
        LongEvent = longElement;
        return isCut;
    }

    private BodyFault InflateAll()
    {
        var inflated = new PooledBytes(rules.Budget);
        var fault = GzipBody.Inflate(_bytes.Written, rules.BytesMax, inflated);
        Become(inflated);
        return fault;
    }

    private void Become(PooledBytes inflated)
    {
        _bytes.Dispose();
        (_bytes, _isGzip) = (inflated, false);
    }
}
