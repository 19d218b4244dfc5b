using System.Text;
using Edge.Access;
using Edge.Storage;

namespace Edge.Hosting;

/// <summary>
/// The first key of a service that never had one, so that the management API can be used. It is printed, unless the
/// operator names it (<c>api.firstKey</c>), or a file that has it or gets it (<c>api.firstKeyFile</c>): what is printed
/// stands in the log of a container.
/// </summary>
/// <param name="keys">Where keys are kept.</param>
/// <param name="given">The secret, as configured; empty for none.</param>
/// <param name="path">The file with the secret; empty for none.</param>
internal sealed class FirstKey(IKeyStore keys, string given, string path)
{
    /// <summary>
    /// Issues the key. Returns its secret when it must be shown, null when the operator has it already. Throws
    /// <see cref="IOException"/> when the file of the secret cannot be read or written, or has none that protects.
    /// </summary>
    public string? Issue(DateTimeOffset now)
    {
        var grant = new KeyGrant(KeyKind.Pictify);
        if (given.Length > 0)
        {
            keys.Issue(grant, now, given);
            return null;
        }

        if (path.Length == 0)
        {
            return keys.Issue(grant, now);
        }

        if (File.Exists(path))
        {
            var (secret, problem) = ReadFile();
            keys.Issue(
                grant,
                now,
                problem is null ? secret : throw new IOException($"the secret in {path} (api.firstKeyFile) {problem}")
            );
            return null;
        }

        // The file first: a key that only a failed start has seen could not be used.
        var created = KeySecret.Create(KeyKind.Pictify);
        AtomicFile.Write(
            Path.GetDirectoryName(Path.GetFullPath(path))!,
            Path.GetFileName(path),
            Encoding.ASCII.GetBytes(created + "\n"),
            DiskFile.OwnerOnly
        );
        keys.Issue(grant, now, created);
        return null;
    }

    /// <summary>Why the file of the secret would refuse the first start; null when it would not.</summary>
    public string? Problem()
    {
        if (path.Length == 0)
        {
            return null;
        }

        try
        {
            if (!Path.Exists(path))
            {
                var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
                return Directory.Exists(directory) ? null : $"there is no directory {directory}";
            }

            return ReadFile().Problem is { } problem ? $"its secret {problem}" : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read: {e.Message}";
        }
    }

    /// <summary>Takes a key back that could not be shown.</summary>
    public void Withdraw(string secret) => keys.Withdraw(secret);

    /// <summary>The secret in the file, and what is wrong with it.</summary>
    private (string Secret, string? Problem) ReadFile()
    {
        var secret = DiskFile.ReadLine(path).Trim();
        return (secret, KeySecret.ProblemOf(secret));
    }
}
