using System.Globalization;

namespace Edge.Storage.Faults;

/// <summary>
/// Which system call of the journal fails, and how. <c>EDGE_FAULT_PLAN</c> holds one or more rules separated by commas:
/// <c>CALL:N:WHAT</c> or <c>CALL@FILE:N:WHAT</c>. CALL is a name of <see cref="DiskCall"/> in lower case,
/// <c>pwrite</c>, <c>pread</c>, <c>fdatasync</c>, <c>fsync</c> or <c>any</c>; FILE is a part of the file's name. N is
/// the call that is hit, counted from 1 over the calls the rule is about (<c>N+</c>: that one and all after it). WHAT
/// is ENOSPC, EIO, EINTR, EMFILE, <c>short</c> (half the bytes), <c>hang=MS</c> or <c>kill</c>. When
/// <c>EDGE_FAULT_COUNT</c> names a file, the number of calls made is written there at exit. Exists in the fault build
/// only; tests in the process may set a plan directly. Thread safe.
/// </summary>
internal sealed class FaultPlan
{
    private readonly Rule[] _rules;
    private long _total;

    private FaultPlan(Rule[] rules) => _rules = rules;

    /// <summary>The plan in force.</summary>
    public static FaultPlan Current { get; set; } = FromEnvironment();

    /// <summary>Calls of any name so far.</summary>
    public long Calls => Interlocked.Read(ref _total);

    public static FaultPlan Parse(string? text) =>
        new(string.IsNullOrEmpty(text) ? [] : Array.ConvertAll(text.Split(','), Rule.Parse));

    /// <summary>Counts the call and applies the first rule that hits it.</summary>
    public void Apply(DiskCall call, string path, ref int length, ref int errno)
    {
        Interlocked.Increment(ref _total);
        Rule? hit = null;
        foreach (var rule in _rules)
        {
            if (rule.CountAndHit(call, path))
            {
                hit ??= rule;
            }
        }

        if (hit is null)
        {
            return;
        }

        if (hit.HangMs > 0)
        {
            Thread.Sleep(hit.HangMs);
        }

        if (hit.Kill)
        {
            KillPoints.KillNow();
        }

        if (hit.Short && length > 1)
        {
            length /= 2;
        }

        errno = hit.Errno;
    }

    private static FaultPlan FromEnvironment()
    {
        var plan = Parse(Environment.GetEnvironmentVariable("EDGE_FAULT_PLAN"));
        var countPath = Environment.GetEnvironmentVariable("EDGE_FAULT_COUNT");
        if (!string.IsNullOrEmpty(countPath))
        {
            AppDomain.CurrentDomain.ProcessExit += (_, _) =>
                File.WriteAllText(countPath, plan.Calls.ToString(CultureInfo.InvariantCulture));
        }

        return plan;
    }

    private sealed class Rule
    {
        private readonly DiskCall? _call;
        private readonly string _file;
        private readonly long _nth;
        private readonly bool _andAfter;
        private long _count;

        private Rule(string call, string file, string nth, string what)
        {
            _call = call switch
            {
                "any" => null,
                "pwrite" => DiskCall.Write,
                "pread" => DiskCall.Read,
                "fdatasync" => DiskCall.SyncData,
                "fsync" => DiskCall.SyncAll,
                _ => Enum.Parse<DiskCall>(call, ignoreCase: true),
            };
            _file = file;
            _andAfter = nth.EndsWith('+');
            _nth = long.Parse(nth.TrimEnd('+'), CultureInfo.InvariantCulture);
            Short = what == "short";
            Kill = what == "kill";
            HangMs = what.StartsWith("hang=", StringComparison.Ordinal)
                ? int.Parse(what.AsSpan("hang=".Length), CultureInfo.InvariantCulture)
                : 0;
            Errno = what switch
            {
                "ENOSPC" => DiskException.NoSpace,
                "EIO" => DiskException.IoError,
                "EINTR" => DiskException.Interrupted,
                "EMFILE" => DiskException.TooManyFiles,
                _ when Short || Kill || HangMs > 0 => 0,
                _ => throw new ArgumentException($"EDGE_FAULT_PLAN: unknown fault '{what}'"),
            };
        }

        public int Errno { get; }

        public bool Short { get; }

        public bool Kill { get; }

        public int HangMs { get; }

        public static Rule Parse(string text)
        {
            var parts = text.Split(':');
            if (parts.Length != 3)
            {
                throw new ArgumentException($"EDGE_FAULT_PLAN: '{text}' is not CALL:N:WHAT");
            }

            var call = parts[0].Split('@');
            return new Rule(call[0], call.Length > 1 ? call[1] : "", parts[1], parts[2]);
        }

        public bool CountAndHit(DiskCall call, string path)
        {
            if (
                (_call is not null && _call != call)
                || !Path.GetFileName(path).Contains(_file, StringComparison.Ordinal)
            )
            {
                return false;
            }

            var n = Interlocked.Increment(ref _count);
            return _andAfter ? n >= _nth : n == _nth;
        }
    }
}
