using Edge.Journal.Commits;
using Edge.Journal.Segments;
using FASTER.core;

namespace Edge.Journal.Recovery;

/// <summary>The FASTER log over our own device and commit store.</summary>
internal static class LogEngine
{
    /// <summary>
    /// Recovers the log at the newest commit point. Throws a <see cref="JournalException"/> when the device cannot be
    /// read or the engine recovered anything else.
    /// </summary>
    public static FasterLog Open(JournalOptions options, CommitStore commits, SegmentDevice device)
    {
        var point = commits.Current;
        var log = new FasterLog(
            new FasterLogSettings
            {
                LogDevice = device,
                LogCommitManager = commits,
                PageSize = options.PageBytes,
                MemorySize = options.MemoryBytes,
                SegmentSize = options.SegmentBytes,
                LogChecksum = LogChecksumType.PerEntry,
                FastCommitMode = false,
                TryRecoverLatest = false,
                TolerateDeviceFailure = false,
            }
        );
        try
        {
            log.Recover();
        }
        catch (Exception e)
        {
            throw new JournalException(
                $"the journal in {options.Directory} cannot be recovered: {device.LastReadError?.Message ?? e.Message}; check the"
                    + " disk, then run 'edge journal verify'",
                e
            );
        }

        if (
            log.BeginAddress != point.Begin
            || log.TailAddress != point.Until
            || log.CommittedUntilAddress != point.Until
        )
        {
            throw new JournalException(
                $"the log engine recovered {log.BeginAddress} to {log.TailAddress} instead of {point.Begin} to {point.Until}:"
                    + " run 'edge journal verify' and report this"
            );
        }

        return log;
    }
}
