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
    private const string FileName = "lock";
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
                throw new JournalException(
                    $"the journal in {directory} is in use by process {Owner(file)}: stop it first, or use another data directory"
                )
                {
                    IsInUse = true,
                };
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

    public void Dispose() => _file.Dispose();

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
