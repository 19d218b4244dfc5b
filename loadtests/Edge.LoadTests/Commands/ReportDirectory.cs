using Edge.LoadTests.Reports;

namespace Edge.LoadTests.Commands;

/// <summary>
/// Takes the files of a report. It is made, and found to be writable, before the run; what was made and is still empty
/// at the end is removed.
/// </summary>
internal sealed class ReportDirectory : IDisposable
{
    private readonly string _path;

    // The innermost first.
    private readonly List<string> _made = [];

    /// <exception cref="UsageException">Nothing can be written there.</exception>
    public ReportDirectory(string path)
    {
        _path = path;
        try
        {
            for (var at = Path.GetFullPath(path); at is not null && !Path.Exists(at); at = Path.GetDirectoryName(at))
            {
                _made.Add(at);
            }

            Directory.CreateDirectory(path);
            using var probe = new FileStream(
                Path.Combine(path, Path.GetRandomFileName()),
                new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    Options = FileOptions.DeleteOnClose,
                }
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Dispose();
            throw new UsageException($"--report {path} cannot be written: {e.Message}");
        }
    }

    /// <returns>The files.</returns>
    public async Task<IReadOnlyList<string>> WriteAsync(Report report, string markdown)
    {
        var path = Path.Combine(_path, "report");
        await File.WriteAllTextAsync($"{path}.json", report.ToJson());
        await File.WriteAllTextAsync($"{path}.md", markdown);
        await File.WriteAllTextAsync($"{path}.html", HtmlReport.Write(report));
        return [$"{path}.html", $"{path}.md", $"{path}.json"];
    }

    public void Dispose()
    {
        foreach (var directory in _made)
        {
            if (Directory.Exists(directory) && !Directory.EnumerateFileSystemEntries(directory).Any())
            {
                Directory.Delete(directory);
            }
        }
    }
}
