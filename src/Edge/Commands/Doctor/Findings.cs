using Edge.Commands.Streams;

namespace Edge.Commands.Doctor;

/// <summary>
/// What was found, one line each as it is found: <c>severity: subject: finding; remedy</c>. What is right is said, too,
/// as <c>ok</c>. Not thread safe.
/// </summary>
internal sealed class Findings(TextWriter output)
{
    private int _errors;
    private int _warnings;

    /// <summary>Whether nothing has to be mended.</summary>
    public bool AreFine => _errors == 0;

    public void Ok(string subject, string finding) => Write("ok", subject, finding, "");

    public void Note(string subject, string finding, string remedy = "") => Write("note", subject, finding, remedy);

    public void Warn(string subject, string finding, string remedy)
    {
        _warnings++;
        Write("warning", subject, finding, remedy);
    }

    public void Fail(string subject, string finding, string remedy)
    {
        _errors++;
        Write("error", subject, finding, remedy);
    }

    /// <summary>
    /// Makes a check of a subject. One that cannot be finished is a finding, whatever it met, so that the others are made.
    /// </summary>
    public void Look(string subject, Action<string> check) =>
        LookAsync(
                subject,
                name =>
                {
                    check(name);
                    return Task.CompletedTask;
                },
                CancellationToken.None
            )
            .GetAwaiter()
            .GetResult();

    /// <summary>The same for a check that waits.</summary>
    public async Task LookAsync(string subject, Func<string, Task> check, CancellationToken cancellation)
    {
        try
        {
            await check(subject);
        }
        catch (Exception e) when (e is not OutputException && !cancellation.IsCancellationRequested)
        {
            Fail(
                subject,
                $"cannot be looked at: {e.Message}",
                e is UnauthorizedAccessException ? "run edge doctor as the user of the service" : ""
            );
        }
    }

    /// <summary>The last line: how many there are.</summary>
    public void WriteCounts() => output.WriteLine($"{_errors} to mend, {_warnings} to look at");

    private void Write(string severity, string subject, string finding, string remedy) =>
        output.WriteLine(
            $"{severity}: {subject}: {finding}{(remedy.Length > 0 ? "; " : "")}{remedy}".ReplaceLineEndings(" ")
        );
}
