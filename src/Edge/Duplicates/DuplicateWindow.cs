using Edge.Enrichment.Hashing;
using EventId = Edge.Events.EventId;

namespace Edge.Duplicates;

/// <summary>
/// The ids of the newest events that have one, as 128-bit hashes, so that an event that is sent again is stored once.
/// Holds a day of ids, or as many as fit its memory: it grows rather than evict an id younger than a day, and at its
/// limit evicts the oldest. An id is claimed before its event is appended, and then either settled with the event's
/// sequence or forgotten, so two requests with the same id store one event, and the second one knows which commit to
/// wait for. Thread safe.
/// </summary>
/// <remarks>
/// Open addressing in two choices: each hash may be in one of two sets of eight entries and goes into the emptier one,
/// so that sets fill evenly; when both are full, the entry with the oldest sequence is evicted. Split into parts with a
/// lock each, held for a few memory accesses.
/// </remarks>
internal sealed class DuplicateWindow
{
    /// <summary>Bytes of one entry.</summary>
    public const int EntryBytes = 24;

    /// <summary>Initial and least memory of a window.</summary>
    public const long BytesMin = Parts * FirstEntries * EntryBytes;

    private const int Parts = 64;
    private const int Ways = 8;
    private const int FirstEntries = 64 * Ways;
    private const long Pending = long.MaxValue;
    private const int Days = 1;

    private readonly Part[] _parts = new Part[Parts];
    private readonly int _entriesMaxPerPart;
    private readonly SequenceAges _ages;

    /// <param name="bytesMax">Most memory; the number of entries is rounded down to a power of two.</param>
    /// <param name="time">Clock of the ages.</param>
    public DuplicateWindow(long bytesMax, TimeProvider time)
    {
        _entriesMaxPerPart = FirstEntries;
        while (2L * _entriesMaxPerPart * EntryBytes * Parts <= bytesMax)
        {
            _entriesMaxPerPart *= 2;
        }

        for (var i = 0; i < Parts; i++)
        {
            _parts[i] = new Part();
        }

        _ages = new SequenceAges(TimeSpan.FromDays(Days), time);
    }

    /// <summary>The hash of its ids; its key is random for each start, so that nobody can aim at one set.</summary>
    public SipHash128 Hash { get; } = SipHash128.WithRandomKey();

    /// <summary>The id of an event that another node of the fleet has made.</summary>
    public UInt128 HashOf(EventId id)
    {
        Span<byte> bytes = stackalloc byte[EventId.Bytes];
        id.WriteBytes(bytes);
        return Hash.Compute(bytes);
    }

    /// <summary>Most ids it can hold.</summary>
    public long EntriesMax => (long)_entriesMaxPerPart * Parts;

    /// <summary>Ids it holds.</summary>
    public long Count
    {
        get
        {
            var count = 0L;
            foreach (var part in _parts)
            {
                count += Volatile.Read(ref part.Count);
            }

            return count;
        }
    }

    /// <summary>
    /// Claims an id: true when it is new; this caller must then settle or forget it at once. False when it is known,
    /// with the sequence of its event. Waits, for microseconds, while another caller appends the event of the same id.
    /// </summary>
    public bool TryClaim(UInt128 id, out long sequence)
    {
        var part = PartOf(id);
        var spin = new SpinWait();
        while (true)
        {
            lock (part)
            {
                ref var entry = ref part.Find(id);
                if (entry.Sequence == 0 || entry.Id != id)
                {
                    part.Add(id, Pending, _ages.Expired, _entriesMaxPerPart);
                    sequence = 0;
                    return true;
                }
                sequence = entry.Sequence;
                if (sequence != Pending)
                {
                    return false;
                }
            }
            spin.SpinOnce();
        }
    }

    /// <summary>The sequence of the event of an id; null when it is not known, or just being appended.</summary>
    public long? Find(UInt128 id)
    {
        var part = PartOf(id);
        lock (part)
        {
            ref var entry = ref part.Find(id);
            return entry.Id == id && entry.Sequence is > 0 and < Pending ? entry.Sequence : null;
        }
    }

    /// <summary>The claimed id's event was appended.</summary>
    public void Settle(UInt128 id, long sequence)
    {
        _ages.Note(sequence);
        Set(id, sequence);
    }

    /// <summary>The claimed id's event was not appended; the id counts as new again.</summary>
    public void Forget(UInt128 id) => Set(id, 0);

    /// <summary>Adds an id from the journal; called oldest first.</summary>
    public void Restore(UInt128 id, long sequence)
    {
        var part = PartOf(id);
        lock (part)
        {
            ref var entry = ref part.Find(id);
            if (entry.Sequence != 0 && entry.Id == id)
            {
                return;
            }

            part.Add(id, sequence, _ages.Expired, _entriesMaxPerPart);
        }
    }

    private void Set(UInt128 id, long sequence)
    {
        var part = PartOf(id);
        lock (part)
        {
            ref var entry = ref part.Find(id);
            if (entry.Id != id || entry.Sequence == 0)
            {
                return;
            }

            entry.Sequence = sequence;
            if (sequence == 0)
            {
                part.Count--;
            }
        }
    }

    private Part PartOf(UInt128 id) => _parts[(int)(ulong)(id >> 64) & (Parts - 1)];

    private struct Entry
    {
        // Two halves, because UInt128 is aligned to 16 bytes and would make an entry a third larger.
        private ulong _high;
        private ulong _low;

        /// <summary>
        /// Sequence of the event; <see cref="Pending"/> while it is being appended; 0 is a free entry.
        /// </summary>
        public long Sequence;

        public UInt128 Id
        {
            readonly get => new(_high, _low);
            set => (_high, _low) = ((ulong)(value >> 64), (ulong)value);
        }
    }

    private sealed class Part
    {
        private Entry[] _entries = new Entry[FirstEntries];
        public long Count;

        /// <summary>The entry of an id; some other entry when there is none.</summary>
        public ref Entry Find(UInt128 id)
        {
            var (first, second) = SetsOf(id);
            for (var i = first; i < first + Ways; i++)
            {
                if (_entries[i].Id == id && _entries[i].Sequence != 0)
                {
                    return ref _entries[i];
                }
            }

            for (var i = second; i < second + Ways; i++)
            {
                if (_entries[i].Id == id && _entries[i].Sequence != 0)
                {
                    return ref _entries[i];
                }
            }

            return ref _entries[first];
        }

        /// <summary>Adds an id that is not there; grows, or evicts the oldest entry, when there is no room.</summary>
        public void Add(UInt128 id, long sequence, long expired, int entriesMax)
        {
            while (true)
            {
                var place = PlaceFor(id);
                var held = _entries[place].Sequence;
                if (held > expired && _entries.Length < entriesMax)
                {
                    Grow();
                    continue;
                }
                // Evicting an id that is being appended takes two sets full of running appends, by chance alone; its
                // event could then be stored twice.
                if (held == 0)
                {
                    Count++;
                }

                _entries[place] = new Entry { Id = id, Sequence = sequence };
                return;
            }
        }

        /// <summary>A free entry in the emptier of both sets, else the oldest entry of both.</summary>
        private int PlaceFor(UInt128 id)
        {
            var (first, second) = SetsOf(id);
            var (freeFirst, oldestFirst) = Look(first);
            var (freeSecond, oldestSecond) = Look(second);
            if (freeFirst == 0 && freeSecond == 0)
            {
                return _entries[oldestFirst].Sequence <= _entries[oldestSecond].Sequence ? oldestFirst : oldestSecond;
            }

            return freeFirst >= freeSecond ? oldestFirst : oldestSecond;
        }

        private (int Free, int Oldest) Look(int set)
        {
            var free = 0;
            var oldest = set;
            for (var i = set; i < set + Ways; i++)
            {
                if (_entries[i].Sequence == 0)
                {
                    free++;
                }

                if (_entries[i].Sequence < _entries[oldest].Sequence)
                {
                    oldest = i;
                }
            }
            return (free, oldest);
        }

        private void Grow()
        {
            var old = _entries;
            _entries = new Entry[2 * old.Length];
            foreach (ref readonly var entry in old.AsSpan())
            {
                if (entry.Sequence != 0)
                {
                    _entries[PlaceFor(entry.Id)] = entry;
                }
            }
        }

        private (int First, int Second) SetsOf(UInt128 id)
        {
            var mask = (uint)(_entries.Length / Ways - 1);
            return ((int)((uint)id & mask) * Ways, (int)((uint)(id >> 32) & mask) * Ways);
        }
    }
}
