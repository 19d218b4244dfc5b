using System.Buffers.Binary;
using Edge.Journal.Records;
using Edge.Storage;
using Edge.Tests.Support;
using Xunit;
using EventId = Edge.Events.EventId;

namespace Edge.Tests.Journal.Records;

public sealed class EnvelopeTests
{
    private const ulong Epoch = 0x1122_3344_5566_7788;
    private const long Address = 4_096;
    private static readonly EventId Id = new(0x0190_1234_5678_7ABC, 0x8123_4567_89AB_CDEF);

    [Fact]
    public void Seal_AndCheck_GivesBackEveryField()
    {
        var record = Sealed();
        Assert.Equal(RecordState.Intact, Envelope.Check(record, Epoch, Address, out var envelope));
        Assert.Equal(Envelope.CurrentVersion, envelope.Version);
        Assert.Equal(7, envelope.Run);
        Assert.Equal(Epoch, envelope.Epoch);
        Assert.Equal(42, envelope.Sequence);
        Assert.Equal(Id, envelope.Id);
        Assert.Equal(record.Length - Envelope.HeaderBytes, envelope.PayloadLength);
    }

    [Fact]
    public void Check_AnyBitFlipped_IsDamaged()
    {
        var record = Sealed();
        for (var bit = 0; bit < record.Length * 8; bit++)
        {
            record[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(RecordState.Damaged, Envelope.Check(record, Epoch, Address, out _));
            record[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Check_AtAnotherAddress_IsDamaged() =>
        Assert.Equal(RecordState.Damaged, Envelope.Check(Sealed(), Epoch, Address + 4_096, out _));

    [Fact]
    public void Check_OfAnotherJournal_IsDamaged() =>
        Assert.Equal(RecordState.Damaged, Envelope.Check(Sealed(), Epoch + 1, Address, out _));

    [Fact]
    public void Check_CutAnywhere_IsDamaged()
    {
        var record = Sealed();
        for (var length = 0; length < record.Length; length++)
        {
            Assert.Equal(RecordState.Damaged, Envelope.Check(record.AsSpan(0, length), Epoch, Address, out _));
        }
    }

    [Fact]
    public void Check_LaterVersionWithRightChecksum_IsNewer() =>
        Assert.Equal(
            RecordState.NewerVersion,
            Envelope.Check(OfLaterVersion(Sealed(), Address), Epoch, Address, out _)
        );

    /// <summary>
    /// The first record format, byte for byte. When this fails the format changed: give it a new version instead.
    /// </summary>
    [Fact]
    public void Golden_Version1_IsWrittenAndReadAsItAlwaysWas()
    {
        var golden = Golden.Read("journal-record-v1.hex");
        Assert.Equal(golden, Sealed());
        Assert.Equal(RecordState.Intact, Envelope.Check(golden, Epoch, Address, out _));
    }

    /// <summary>Turns a record into what a later program might write: higher version, right checksum.</summary>
    internal static byte[] OfLaterVersion(byte[] record, long address)
    {
        record[0] = Envelope.CurrentVersion + 1;
        var place = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(place, address);
        var crc = Crc32C.Append(
            Crc32C.Append(Crc32C.Compute(place), record.AsSpan(0, 40)),
            record.AsSpan(Envelope.HeaderBytes)
        );
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(40), crc);
        return record;
    }

    private static byte[] Sealed()
    {
        var record = TestJournal.RecordOf("""{"v":1,"type":"click"}""");
        Envelope.Seal(record, run: 7, Epoch, sequence: 42, Id, Address);
        return record;
    }
}
