using System.Buffers.Binary;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Journal.Recovery;
using Edge.Tests.Journal.Records;
using Edge.Tests.Support;

namespace Edge.Tests.Journal;

/// <summary>Where a closed journal's records are on the disk, and ways to damage them.</summary>
internal static class LogDamage
{
    /// <summary>Every committed record, in order.</summary>
    public static List<PlacedRecord> Locate(JournalOptions options)
    {
        using var journal = OfflineJournal.Open(options);
        var walker = journal.Walk();
        var places = new List<PlacedRecord>();
        for (var step = walker.Step(); step != WalkStep.End; step = walker.Step())
        {
            if (step == WalkStep.Record)
            {
                places.Add(
                    new PlacedRecord(
                        walker.Address,
                        walker.NextAddress,
                        walker.Envelope.Sequence,
                        walker.Payload.Length
                    )
                );
            }
        }
        return places;
    }

    public static byte[] Read(JournalOptions options, long address, int length)
    {
        var bytes = new byte[length];
        using var file = File.OpenHandle(PathOf(options, address), FileMode.Open, FileAccess.Read);
        RandomAccess.Read(file, bytes, address % options.SegmentBytes);
        return bytes;
    }

    public static void Write(JournalOptions options, long address, ReadOnlySpan<byte> bytes)
    {
        using var file = File.OpenHandle(PathOf(options, address), FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, bytes, address % options.SegmentBytes);
    }

    public static void Flip(JournalOptions options, long address, byte mask) =>
        Write(options, address, [(byte)(Read(options, address, 1)[0] ^ mask)]);

    /// <summary>Rewrites a record as a later program might have: next envelope version, all checksums right.</summary>
    public static void MakeLaterVersion(JournalOptions options, PlacedRecord place)
    {
        const int LengthBytes = 4;
        var entryBytes = Envelope.HeaderBytes + place.PayloadBytes;
        var record = Read(options, place.Address, EngineRecord.HeaderBytes + entryBytes);
        EnvelopeTests
            .OfLaterVersion(record.AsSpan(EngineRecord.HeaderBytes).ToArray(), place.Address)
            .CopyTo(record, EngineRecord.HeaderBytes);
        var xor = EngineRecord.Xor(record.AsSpan(EngineRecord.HeaderBytes - LengthBytes));
        BinaryPrimitives.WriteUInt64LittleEndian(record, xor);
        Write(options, place.Address, record);
    }

    private static string PathOf(JournalOptions options, long address) =>
        TestJournal.SegmentPath(options, (int)(address / options.SegmentBytes));
}

internal sealed record PlacedRecord(long Address, long Next, long Sequence, int PayloadBytes);
