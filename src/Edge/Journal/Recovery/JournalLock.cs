using System.Globalization;
using System.Text;
using Edge.Storage;

namespace Edge.Journal.Recovery;

/// <summary>
/// The exclusive lock on a journal directory: two processes appending to one log would overwrite each other's records.
/// The kernel releases it when the process ends, however it ends.
/// </summary>
internal sealed class JournalLock : IDisposable
{
    public const string FileName = "lock";

    private const int OwnerBytes = 16;

    /// <summary>
    /// A lock can outlive its process briefly: while the process exits, or in a child of it between fork and exec, the
    /// file is still open.
    /// </summary>
    private const int Attempts = 10;

    private const int AttemptPauseMs = 20;

    private readonly DiskFile _file;

    private JournalLock(DiskFile file) => _file = file;

    /// <summary>Takes the lock; throws a <see cref="JournalException"/> that names the process holding it.</summary>
    public static JournalLock Take(string directory)
    {
        var path = Path.Combine(directory, FileName);
        var file = DiskFile.OpenOrCreate(path);
        try
        {
            if (!file.TryLock(Attempts, AttemptPauseMs))
            {
                throw InUse(directory, file);
            }

            WriteOwner(file);
            return new JournalLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes the lock of a journal that is only read, perhaps without the right to write: a file that is not there is not
    /// made, and then nobody holds it. Throws as <see cref="Take"/> does.
    /// </summary>
    public static JournalLock? TakeToRead(string directory)
    {
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        var file = DiskFile.OpenRead(path);
        try
        {
            return file.TryLock(Attempts, AttemptPauseMs) ? new JournalLock(file) : throw InUse(directory, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether nobody has the journal of a directory; false when this user cannot find out.</summary>
    public static bool IsFree(string directory)
    {
        try
        {
            using var free = TakeToRead(directory);
            return true;
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void Dispose() => _file.Dispose();

    private static JournalException InUse(string directory, DiskFile file) =>
        new(
            $"the journal in {directory} is in use by process {Owner(file)}: stop it first, or use another data directory"
        )
        {
            IsInUse = true,
        };

    private static void WriteOwner(DiskFile file)
    {
        var text = new byte[OwnerBytes];
        Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), text);
        try
        {
            file.Write(text, 0);
        }
        catch (DiskException)
        {
            // Only needed for the message above; a full disk must not keep the journal from being opened.
        }
    }

    private static string Owner(DiskFile file)
    {
        try
        {
            var text = new byte[OwnerBytes];
            file.ReadExactly(text, 0);
            return Encoding.ASCII.GetString(text).TrimEnd('\0');
        }
        catch (DiskException)
        {
            return "(unknown)";
        }
    }
}
