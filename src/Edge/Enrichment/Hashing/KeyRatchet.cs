using System.Security.Cryptography;
using Edge.Storage;
using Edge.Telemetry;

namespace Edge.Enrichment.Hashing;

/// <summary>
/// A one-way chain of daily keys: K(d+1) = HKDF-SHA256(K(d)) (RFC 5869), so nodes that start from the same file have
/// the same keys without communicating, and an erased key cannot be recovered. Yesterday's and today's keys are kept;
/// at midnight UTC the older one is overwritten in memory at once and on disk within <see cref="TickMs"/>, 48 hours
/// after its day began. The day never goes back, whatever the clock does. Thread safe; allocates once per day.
/// </summary>
internal sealed class KeyRatchet : IDayKeySource, IDisposable
{
    /// <summary>Interval at which the time is checked and the file is updated, milliseconds.</summary>
    public const int TickMs = 10_000;

    /// <summary>
    /// Maximum number of days advanced at once, a century; a clock that is further ahead needs several steps.
    /// </summary>
    private const int StepDaysMax = 36_525;

    private readonly RatchetFile _file;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly byte[] _yesterdayKey = GC.AllocateArray<byte>(RatchetFile.KeyBytes, pinned: true);
    private readonly byte[] _todayKey = GC.AllocateArray<byte>(RatchetFile.KeyBytes, pinned: true);
    private volatile Pair _pair;
    private DateOnly _storedDay;
    private bool _isFailing;
    private bool _isAhead;
    private bool _isDisposed;
    private Watch? _watch;

    private KeyRatchet(RatchetFile file, TimeProvider time, ILogger log)
    {
        _file = file;
        _time = time;
        _log = log;
        var now = DayOf(time.GetUtcNow());
        _storedDay = _file.ReadOrCreate(now.AddDays(-1), _yesterdayKey);
        Next(_yesterdayKey, _todayKey);
        _pair = new Pair(Derive(_storedDay.AddDays(1), _todayKey), Derive(_storedDay, _yesterdayKey));
    }

    /// <summary>
    /// Continues the chain stored under <paramref name="dataDir"/>, or starts one. Throws <see cref="IOException"/>
    /// with a one-line message when its file cannot be read or written.
    /// </summary>
    public static KeyRatchet Open(string dataDir, TimeProvider time, ILogger log)
    {
        var ratchet = new KeyRatchet(new RatchetFile(SecretDirectory.Create(dataDir)), time, log);
        ratchet.Advance(DayOf(time.GetUtcNow()));
        ratchet.Store();
        return ratchet;
    }

    public bool AreKept => false;

    public DayKeys Of(DateOnly day) => At(day).Today;

    public DayKeys Before(DateOnly day) => At(day).Yesterday;

    /// <summary>Starts the timer, so that keys are erased even without traffic; call once.</summary>
    public void StartWatching() =>
        _watch = new Watch(_time, TickMs, Tick, e => _log.BackgroundFailed(e, "Replacing the key of the ratchet"));

    public void Dispose()
    {
        _watch?.Dispose();
        Tick();
        lock (_lock)
        {
            _isDisposed = true;
            CryptographicOperations.ZeroMemory(_yesterdayKey);
            CryptographicOperations.ZeroMemory(_todayKey);
        }
    }

    private Pair At(DateOnly day)
    {
        var pair = _pair;
        return day <= pair.Today.Day ? pair : Advance(day);
    }

    private void Tick()
    {
        var day = DayOf(_time.GetUtcNow());
        var pair = At(day);
        var isAhead = day < pair.Today.Day;
        if (isAhead && !_isAhead)
        {
            _log.HashKeysAhead(pair.Today.Day.DayNumber - day.DayNumber);
        }

        _isAhead = isAhead;
        try
        {
            Store();
            _isFailing = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Retried at the next tick, and logged once.
            if (!_isFailing)
            {
                _log.HashKeyNotReplaced(e.Message.ReplaceLineEndings(" "));
            }

            _isFailing = true;
        }
    }

    private Pair Advance(DateOnly day)
    {
        lock (_lock)
        {
            var old = _pair;
            var last = old.Today.Day;
            var steps = Math.Min(day.DayNumber - last.DayNumber, StepDaysMax);
            if (steps <= 0 || _isDisposed)
            {
                return old;
            }

            for (var step = 0; step < steps; step++)
            {
                _todayKey.CopyTo(_yesterdayKey, 0);
                Next(_yesterdayKey, _todayKey);
            }
            var today = Derive(last.AddDays(steps), _todayKey);
            var yesterday = steps == 1 ? old.Today : Derive(last.AddDays(steps - 1), _yesterdayKey);
            var pair = new Pair(today, yesterday);
            _pair = pair;
            old.Yesterday.Erase();
            if (steps > 1)
            {
                old.Today.Erase();
            }

            return pair;
        }
    }

    /// <summary>Replaces the file when the day has changed.</summary>
    private void Store()
    {
        lock (_lock)
        {
            var day = _pair.Yesterday.Day;
            if (day == _storedDay)
            {
                return;
            }

            _file.Replace(day, _yesterdayKey);
            _storedDay = day;
        }
    }

    private static void Next(ReadOnlySpan<byte> key, Span<byte> next) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, next, [], "edge ratchet v1: next day"u8);

    private static DayKeys Derive(DateOnly day, ReadOnlySpan<byte> key)
    {
        Span<byte> derived = stackalloc byte[KeyedHash.Bytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, [], "edge ratchet v1: ip_hash"u8);
        var address = new KeyedHash(derived);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, [], "edge ratchet v1: unit_hash"u8);
        var unit = new KeyedHash(derived);
        CryptographicOperations.ZeroMemory(derived);
        return new DayKeys(day, address, unit);
    }

    private static DateOnly DayOf(DateTimeOffset now) => DateOnly.FromDateTime(now.UtcDateTime);

    private sealed record Pair(DayKeys Today, DayKeys Yesterday);
}
