using System.Text;

namespace Edge.FaultTests.Scenarios;

/// <summary>
/// A record is changed on the disk so that the log engine's own checksum does not see it: the same bit of two bytes,
/// eight bytes apart, cancels out in its XOR. The event may be missing afterwards, if it is counted; delivered as
/// damaged it must never be.
/// </summary>
internal static class DamagedRecordScenario
{
    private const int XorBytes = 8;
    private const int FillerMinBytes = 64;
    private static readonly TimeSpan Traffic = TimeSpan.FromMilliseconds(200);

    public static async Task RunAsync(Site site, int cycles)
    {
        for (var i = 0; i < cycles && site.IsClean; i++)
        {
            site.Cycles++;
            if (await site.StartAsync(("EDGE__SINKS__FILE__ENABLED", "false")) is not { } edge)
            {
                return;
            }

            await using (edge)
            {
                await site.VisitAsync(edge, Traffic);
                await edge.StopAsync();
            }
            DamageOne(site);
        }
    }

    private static void DamageOne(Site site)
    {
        var marker = Encoding.ASCII.GetBytes($"/{site.Ledger.Name}/");
        var segments = Directory
            .GetFiles(Path.Combine(site.DataDir, "journal"), "segment-*")
            .Order(StringComparer.Ordinal);
        foreach (var segment in segments)
        {
            var bytes = File.ReadAllBytes(segment);
            // Far enough behind the marker to be in the filler, which follows the number.
            var at = Find(bytes, marker, site.Random.Next(bytes.Length / 2));
            if (at < 0)
            {
                at = Find(bytes, marker, 0);
            }

            if (at < 0)
            {
                continue;
            }

            at += marker.Length + FillerMinBytes / 2;
            using var file = File.OpenHandle(segment, FileMode.Open, FileAccess.Write);
            foreach (var offset in new[] { at, at + XorBytes })
            {
                RandomAccess.Write(file, [(byte)(bytes[offset] ^ 1)], offset);
            }

            return;
        }
        site.Add("no record was found that could be damaged");
    }

    /// <summary>
    /// The first marker from an offset on whose filler is long enough to be damaged; -1 when there is none.
    /// </summary>
    private static int Find(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> marker, int from)
    {
        while (true)
        {
            var found = bytes[from..].IndexOf(marker);
            if (found < 0)
            {
                return -1;
            }

            var at = from + found;
            var filler = bytes[(at + marker.Length)..Math.Min(bytes.Length, at + marker.Length + FillerMinBytes)];
            if (filler.Length == FillerMinBytes && filler.IndexOf((byte)'"') < 0)
            {
                return at;
            }

            from = at + marker.Length;
        }
    }
}
