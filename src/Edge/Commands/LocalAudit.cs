using System.Globalization;
using Edge.Audit;
using Edge.Hosting;
using Edge.Settings;
using Edge.Storage;

namespace Edge.Commands;

/// <summary>Records what commands change, under the user of the operating system.</summary>
internal static class LocalAudit
{
    /// <summary>Appends an entry; what was done stands even when that fails, which is said.</summary>
    public static void Record(EdgeOptions options, AuditEntry entry, TextWriter error)
    {
        try
        {
            StoreFactory.Audit(options).Append(entry);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"edge: done, but not recorded in the record of changes: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>An entry about something that was done now by whoever runs the command.</summary>
    public static AuditEntry Entry(TimeProvider time, string action, string subject) =>
        new()
        {
            At = time.GetUtcNow(),
            Actor = "local:" + UserName(),
            Action = action,
            Subject = subject,
        };

    /// <summary>The user, by number where no file names it: in a container it need not have a name.</summary>
    private static string UserName()
    {
        try
        {
            if (Environment.UserName is { Length: > 0 } name)
            {
                return name;
            }
        }
        catch (IOException)
        {
            // There is no file of users.
        }

        return DirectoryOwner.EffectiveUser().ToString(CultureInfo.InvariantCulture);
    }
}
