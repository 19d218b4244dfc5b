using System.Globalization;
using Edge.Journal;

namespace Edge.Faults;

/// <summary>
/// Which system call of the journal fails, and how. <c>EDGE_FAULT_PLAN</c> holds one or more rules separated by commas:
/// <c>CALL:N:WHAT</c>, where CALL is a name of <see cref="DiskCall"/> in lower case (or <c>pwrite</c>, <c>pread</c>,
/// <c>fdatasync</c>, <c>fsync</c>, <c>any</c>), N is the call that is hit, counted from 1 over calls of that name (<c>N+</c>: that one
/// and all after it), and WHAT is ENOSPC, EIO, EINTR, EMFILE, <c>short</c> (half the bytes) or <c>hang=MS</c>. When
/// <c>EDGE_FAULT_COUNT</c> names a file, the number of calls made is written there at exit. Exists in the fault build only.
/// Tests may set a plan directly. Thread safe.
/// </summary>
internal sealed class FaultPlan
{
    private readonly Rule[] _rules;
    private readonly long[] _counts = new long[Enum.GetValues<DiskCall>().Length];
    private long _total;

    private FaultPlan(Rule[] rules) => _rules = rules;

    /// <summary>The plan in force.</summary>
    public static FaultPlan Current { get; set; } = FromEnvironment();

    /// <summary>Calls of any name so far.</summary>
    public long Calls => Interlocked.Read(ref _total);

    public static FaultPlan Parse(string? text) => new(string.IsNullOrEmpty(text)
        ? []
        : Array.ConvertAll(text.Split(','), Rule.Parse));

    /// <summary>Counts the call and applies the first rule that hits it.</summary>
    public void Apply(DiskCall call, ref int length, ref int errno)
    {
        var nth = Interlocked.Increment(ref _counts[(int)call]);
        var nthOfAll = Interlocked.Increment(ref _total);
        foreach (var rule in _rules)
        {
            if (!rule.Hits(call, nth, nthOfAll))
                continue;
            if (rule.HangMs > 0)
                Thread.Sleep(rule.HangMs);
            if (rule.Short && length > 1)
                length /= 2;
            errno = rule.Errno;
            return;
        }
    }

    private static FaultPlan FromEnvironment()
    {
        var plan = Parse(Environment.GetEnvironmentVariable("EDGE_FAULT_PLAN"));
        var countPath = Environment.GetEnvironmentVariable("EDGE_FAULT_COUNT");
        if (!string.IsNullOrEmpty(countPath))
            AppDomain.CurrentDomain.ProcessExit += (_, _) =>
                File.WriteAllText(countPath, plan.Calls.ToString(CultureInfo.InvariantCulture));
        return plan;
    }

    private sealed record Rule(DiskCall? Call, long Nth, bool AndAfter, int Errno, bool Short, int HangMs)
    {
        public static Rule Parse(string text)
        {
            var parts = text.Split(':');
            if (parts.Length != 3)
                throw new ArgumentException($"EDGE_FAULT_PLAN: '{text}' is not CALL:N:WHAT");
            var andAfter = parts[1].EndsWith('+');
            var what = parts[2];
            return new Rule(
                parts[0] switch
                {
                    "any" => null,
                    "pwrite" => DiskCall.Write,
                    "pread" => DiskCall.Read,
                    "fdatasync" => DiskCall.SyncData,
                    "fsync" => DiskCall.SyncAll,
                    var name => Enum.Parse<DiskCall>(name, ignoreCase: true),
                },
                long.Parse(parts[1].TrimEnd('+'), CultureInfo.InvariantCulture),
                andAfter,
                what switch
                {
                    "ENOSPC" => DiskException.NoSpace,
                    "EIO" => DiskException.IoError,
                    "EINTR" => DiskException.Interrupted,
                    "EMFILE" => DiskException.TooManyFiles,
                    _ => 0,
                },
                what == "short",
                what.StartsWith("hang=", StringComparison.Ordinal)
                    ? int.Parse(what.AsSpan("hang=".Length), CultureInfo.InvariantCulture)
                    : 0);
        }

        public bool Hits(DiskCall call, long nth, long nthOfAll)
        {
            if (Call is not null && Call != call)
                return false;
            var n = Call is null ? nthOfAll : nth;
            return AndAfter ? n >= Nth : n == Nth;
        }
    }
}
