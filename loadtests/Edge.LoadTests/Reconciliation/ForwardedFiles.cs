using System.Globalization;
using System.Text;
using Edge.LoadTests.Scenarios;

namespace Edge.LoadTests.Reconciliation;

/// <summary>What the file sink has written, and what of a run is in it.</summary>
/// <param name="Events">Events in the files, of this run and all others.</param>
/// <param name="Acknowledged">Events of the run that were acknowledged by their id.</param>
/// <param name="Missing">Of these, how many are not in the files.</param>
/// <param name="Twice">Ids of the run that are in the files more than once.</param>
internal sealed record ForwardedFiles(long Events, long Acknowledged, long Missing, long Twice)
{
    /// <summary>Looks for every acknowledged id.</summary>
    /// <param name="path">The directory of the file sink, or one file of it.</param>
    /// <param name="idPrefix">How the ids of the run begin; their number follows.</param>
    /// <param name="acknowledged">The numbers of the acknowledged events.</param>
    public static async Task<ForwardedFiles> ReadAsync(string path, string idPrefix, IEnumerable<long> acknowledged)
    {
        var mark = $"\"event_id\":\"{idPrefix}";
        var found = new HashSet<long>();
        var (events, twice) = (0L, 0L);
        IEnumerable<string> files = File.Exists(path) ? [path] : Directory.EnumerateFiles(path, "*.ndjson");
        foreach (var file in files)
        {
            using var reader = new StreamReader(file, Encoding.Latin1, false, 1 << 20);
            while (await reader.ReadLineAsync() is { } line)
            {
                events++;
                if (Number(line, mark) is { } number && !found.Add(number))
                {
                    twice++;
                }
            }
        }

        var (count, missing) = (0L, 0L);
        foreach (var number in acknowledged)
        {
            count++;
            missing += found.Contains(number) ? 0 : 1;
        }

        return new ForwardedFiles(events, count, missing, twice);
    }

    private static long? Number(string line, string mark)
    {
        var at = line.IndexOf(mark, StringComparison.Ordinal);
        var start = at + mark.Length;
        return
            at >= 0
            && start + LoadRequest.Number.Length <= line.Length
            && long.TryParse(
                line.AsSpan(start, LoadRequest.Number.Length),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var number
            )
            ? number
            : null;
    }
}
