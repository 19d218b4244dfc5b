using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Edge.Storage;

namespace Edge.Enrichment.Hashing;

/// <summary>
/// The file with the ratchet's key: <c>DATA/keys/address-ratchet</c>, mode 0600, one line with a format marker, the UTC
/// day and the key of that day in hexadecimal. Replaced by rename; the contents of the old file are then overwritten.
/// Not thread safe.
/// </summary>
internal sealed class RatchetFile(string directory)
{
    /// <summary>Length of a key, bytes.</summary>
    public const int KeyBytes = 32;

    private const string FileName = "address-ratchet";
    private const string Word = "edge-ratchet-1";
    private const string DayFormat = "yyyy-MM-dd";

    /// <summary>Format marker, space, day, space, key, line feed.</summary>
    private const int LineBytes = 14 + 1 + 10 + 1 + 2 * KeyBytes + 1;

    private readonly string _path = Path.Combine(directory, FileName);

    /// <summary>Path of the file.</summary>
    public static string PathIn(string dataDir) => Path.Combine(SecretDirectory.PathIn(dataDir), FileName);

    /// <summary>What is wrong with the stored key; null when it is valid or does not exist yet. Changes nothing.</summary>
    public static string? Problem(string dataDir)
    {
        if (!File.Exists(PathIn(dataDir)))
        {
            return null;
        }

        var key = GC.AllocateArray<byte>(KeyBytes, pinned: true);
        try
        {
            new RatchetFile(SecretDirectory.PathIn(dataDir)).ReadOrCreate(default, key);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>
    /// Reads the key and returns its day; when there is no file, creates a random key for <paramref name="newDay"/> and
    /// writes it. Throws <see cref="IOException"/> when the file is damaged: continuing with another key would silently
    /// make this node's hashes differ from those of other nodes.
    /// </summary>
    public DateOnly ReadOrCreate(DateOnly newDay, Span<byte> key)
    {
        if (!File.Exists(_path))
        {
            RandomNumberGenerator.Fill(key);
            Replace(newDay, key);
            return newDay;
        }
        if (FileStamp.Of(_path).Kind != FileKind.Regular)
        {
            throw new IOException($"{_path} is not a file");
        }

        var line = GC.AllocateArray<byte>(LineBytes + 1, pinned: true);
        try
        {
            using var handle = File.OpenHandle(_path);
            var length = RandomAccess.Read(handle, line, 0);
            if (TryParse(line.AsSpan(0, length), out var day, key))
            {
                return day;
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(line);
        }
        throw new IOException(
            $"{_path} is damaged; restore it from another node, or delete it to start with a new key"
        );
    }

    /// <summary>
    /// Replaces the key on disk. When this returns, the previous key has been overwritten, as far as the file system
    /// allows.
    /// </summary>
    public void Replace(DateOnly day, ReadOnlySpan<byte> key)
    {
        var line = GC.AllocateArray<byte>(LineBytes, pinned: true);
        try
        {
            Write(day, key, line);
            using var old = File.Exists(_path)
                ? new FileStream(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)
                : null;
            AtomicFile.Write(directory, FileName, line, SecretDirectory.OwnerOnly);
            if (old is null)
            {
                return;
            }

            CryptographicOperations.ZeroMemory(line);
            old.Write(line);
            old.Flush(flushToDisk: true);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(line);
        }
    }

    private static void Write(DateOnly day, ReadOnlySpan<byte> key, Span<byte> line)
    {
        Encoding.ASCII.GetBytes(Word + " ", line);
        day.TryFormat(line[(Word.Length + 1)..], out _, DayFormat, CultureInfo.InvariantCulture);
        line[Word.Length + 1 + DayFormat.Length] = (byte)' ';
        var hex = line[^(2 * KeyBytes + 1)..];
        for (var i = 0; i < KeyBytes; i++)
        {
            key[i].TryFormat(hex[(2 * i)..], out _, "x2", CultureInfo.InvariantCulture);
        }

        line[^1] = (byte)'\n';
    }

    private static bool TryParse(ReadOnlySpan<byte> line, out DateOnly day, Span<byte> key)
    {
        day = default;
        if (line.Length == LineBytes && line[^1] == '\n')
        {
            line = line[..^1];
        }

        if (line.Length != LineBytes - 1)
        {
            return false;
        }

        Span<char> text = stackalloc char[LineBytes];
        text = text[..Encoding.ASCII.GetChars(line, text)];
        var isSound =
            text.StartsWith(Word + " ")
            && text[Word.Length + 1 + DayFormat.Length] == ' '
            && DateOnly.TryParseExact(
                text.Slice(Word.Length + 1, DayFormat.Length),
                DayFormat,
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out day
            )
            // Days are added to it.
            && day.Year < DateOnly.MaxValue.Year
            && Convert.FromHexString(text[^(2 * KeyBytes)..], key, out _, out _) == System.Buffers.OperationStatus.Done;
        text.Clear();
        return isSound;
    }
}
