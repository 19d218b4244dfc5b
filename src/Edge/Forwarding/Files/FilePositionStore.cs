using System.Buffers.Binary;
using Edge.Journal.Records;
using Edge.Storage;

namespace Edge.Forwarding.Files;

/// <summary>The end of the file sink's output when it had taken the journal up to a cursor.</summary>
/// <param name="Cursor">Everything before it is in the files.</param>
/// <param name="File">The newest file. Files with a greater number were begun after this position.</param>
/// <param name="Length">Bytes of that file that are taken, or <see cref="NotOurs"/>.</param>
internal readonly record struct FilePosition(JournalCursor Cursor, ForwardedFileName File, long Length)
{
    /// <summary>The newest file is complete and must not be changed; the next event begins a new one.</summary>
    public const long NotOurs = -1;
}

/// <summary>
/// The durable position of the file sink (<c>DATA/forwarded/.position</c>, beside its files). Holds the last two
/// positions: the newer one is written before the sink's cursor, so after a crash in between the older one belongs to
/// the cursor. Written in place in preallocated slots, so a full disk cannot stop it. One thread at a time. Failures
/// are <see cref="IOException"/>.
/// </summary>
internal sealed class FilePositionStore : IDisposable
{
    private const string FileName = ".position";
    private const int EpochBytes = 16;
    private const int PositionBytes = 5 * sizeof(long);
    private const int PayloadBytes = EpochBytes + (2 * PositionBytes);

    private readonly string _path;
    private readonly UInt128 _epochId;
    private SlotFile? _slots;

    private FilePositionStore(string path, UInt128 epochId)
    {
        _path = path;
        _epochId = epochId;
    }

    /// <summary>
    /// Opens the store of a directory; one that is missing, damaged or of another journal has no position.
    /// </summary>
    public static FilePositionStore Open(string directory, UInt128 epochId)
    {
        var store = new FilePositionStore(Path.Combine(directory, FileName), epochId);
        if (File.Exists(store._path))
        {
            store._slots = SlotFile.Open(store._path, SlotKind.FilePosition);
        }

        return store;
    }

    /// <summary>
    /// The position that was written together with this cursor; null when it is not one of the last two.
    /// </summary>
    public FilePosition? Find(JournalCursor cursor)
    {
        var payload = _slots is null ? [] : _slots.Payload.AsSpan();
        if (payload.Length != PayloadBytes || BinaryPrimitives.ReadUInt128LittleEndian(payload) != _epochId)
        {
            return null;
        }

        var newer = Decode(payload[EpochBytes..]);
        var older = Decode(payload[(EpochBytes + PositionBytes)..]);
        if (newer.Cursor == cursor)
        {
            return newer;
        }

        return older.Cursor == cursor ? older : null;
    }

    /// <summary>Returns when both positions are durable.</summary>
    public void Write(FilePosition position, FilePosition previous)
    {
        Span<byte> payload = stackalloc byte[PayloadBytes];
        BinaryPrimitives.WriteUInt128LittleEndian(payload, _epochId);
        Encode(payload[EpochBytes..], position);
        Encode(payload[(EpochBytes + PositionBytes)..], previous);
        if (_slots is null || _slots.Payload.Length != PayloadBytes || !File.Exists(_path))
        {
            _slots?.Dispose();
            _slots = null;
            SlotFile.Create(_path, SlotKind.FilePosition, payload);
            _slots = SlotFile.Open(_path, SlotKind.FilePosition);
            return;
        }

        _slots.Write(payload);
    }

    public void Dispose() => _slots?.Dispose();

    private static void Encode(Span<byte> target, FilePosition position)
    {
        BinaryPrimitives.WriteInt64LittleEndian(target, position.Cursor.Address);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], position.Cursor.Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], position.File.Hour);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], position.File.Number);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], position.Length);
    }

    private static FilePosition Decode(ReadOnlySpan<byte> source)
    {
        var cursor = new JournalCursor(
            BinaryPrimitives.ReadInt64LittleEndian(source),
            BinaryPrimitives.ReadInt64LittleEndian(source[8..])
        );
        var file = new ForwardedFileName(
            BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[24..])
        );
        return new FilePosition(cursor, file, BinaryPrimitives.ReadInt64LittleEndian(source[32..]));
    }
}
