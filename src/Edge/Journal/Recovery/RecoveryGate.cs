using Edge.Journal.Commits;
using Edge.Journal.Records;
using Edge.Journal.Segments;
using Edge.Storage;
using Edge.Telemetry;
using FASTER.core;
using CommitPoint = Edge.Journal.Commits.CommitPoint;

namespace Edge.Journal.Recovery;

/// <summary>
/// Checks, before the log engine reads anything, whether the directory holds a journal that can be continued. Refuses
/// with one line instead of starting empty, with other sizes or with missing segments. When a commit slot is damaged it
/// finds the records that slot covered again, from the records themselves.
/// </summary>
internal static class RecoveryGate
{
    public const string CommitFileName = "commit";

    /// <summary>Bytes before the end that are checked at every start; reading them takes milliseconds.</summary>
    private const long CheckedTailBytes = 4L << 20;

    /// <summary>Opens the journal's files, creating a new journal in an empty directory.</summary>
    public static JournalFiles Open(JournalOptions options, TimeProvider time, JournalFault fault)
    {
        try
        {
            DiskDirectory.CreateDurably(options.Directory);
            var journalLock = JournalLock.Take(options.Directory);
            try
            {
                return OpenLocked(options, time, fault, journalLock);
            }
            catch
            {
                journalLock.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is DiskException or IOException or UnauthorizedAccessException)
        {
            var hint = e is DiskException { IsNoSpace: true }
                ? "free some space"
                : "check the disk, and the owner and mode of the directory";
            var reason = e.Message.TrimEnd('.');
            throw new JournalException($"the journal in {options.Directory} cannot be opened: {reason}; {hint}", e);
        }
    }

    /// <summary>The newest intact commit of this journal.</summary>
    public static CommitPoint ReadPoint(SlotFile slots, JournalManifest manifest, string commitPath)
    {
        if (slots.DamagedSlots == 2)
        {
            throw new JournalException(
                $"both slots of {commitPath} are damaged: restore the file from a backup, or move the journal directory away to"
                    + " start empty (what was not forwarded is then given up)"
            );
        }

        var point =
            CommitPoint.TryDecode(slots.Payload)
            ?? throw new JournalException(
                $"{commitPath} was written by a later version of this program: run that version"
            );
        if (point.Epoch != manifest.Epoch)
        {
            throw new JournalException(
                $"{commitPath} belongs to another journal than the manifest beside it: restore both from the same backup"
            );
        }

        return point;
    }

    /// <summary>
    /// Continues past the commit over records that are intact, belong to this journal, follow in sequence and are not
    /// older than the run that wrote the commit. They are either covered by a newer, damaged slot, and so were
    /// acknowledged, or were being written when the process ended. Changes nothing.
    /// </summary>
    public static CommitPoint RollForward(SegmentFiles segments, JournalManifest manifest, CommitPoint point)
    {
        var walker = new LogWalker(segments, manifest, point.Until, segments.AllocatedUntil(point.Until));
        var (until, sequence, run) = (point.Until, point.Sequence, point.Run);
        while (walker.Step() == WalkStep.Record)
        {
            var envelope = walker.Envelope;
            if (envelope.Sequence != sequence + 1 || (short)(envelope.Run - run) < 0)
            {
                break;
            }

            (until, sequence, run) = (walker.NextAddress, envelope.Sequence, envelope.Run);
        }

        // A page that cannot be read may hold the last acknowledged records; appending over it would lose them.
        if (walker.ReadError is { } error)
        {
            throw error;
        }

        return until == point.Until
            ? point
            : WithEngineMetadata(
                point with
                {
                    Number = point.Number + 1,
                    Run = run,
                    Until = until,
                    Sequence = sequence,
                }
            );
    }

    /// <summary>The same point with the metadata the engine needs to recover to it.</summary>
    public static CommitPoint WithEngineMetadata(CommitPoint point)
    {
        var info = new FasterLogRecoveryInfo
        {
            BeginAddress = point.Begin,
            UntilAddress = point.Until,
            CommitNum = point.Number,
        };
        return point with { EngineMetadata = info.ToByteArray() };
    }

    private static JournalFiles OpenLocked(
        JournalOptions options,
        TimeProvider time,
        JournalFault fault,
        JournalLock journalLock
    )
    {
        var manifestPath = Path.Combine(options.Directory, JournalManifest.FileName);
        var commitPath = Path.Combine(options.Directory, CommitFileName);
        var segments = new SegmentFiles(options.Directory, options.SegmentBytes);
        segments.Load();
        if (!File.Exists(manifestPath))
        {
            RefuseOrphans(options.Directory, commitPath, segments);
            Create(options, time, manifestPath, commitPath, segments);
        }

        var manifest = JournalManifest.Read(manifestPath);
        RequireSameSizes(options, manifest);
        if (!File.Exists(commitPath))
        {
            throw new JournalException(
                $"{commitPath} is missing although the journal exists: restore it, or move the journal directory away to start empty"
            );
        }

        var slots = SlotFile.Open(commitPath, SlotKind.Commit);
        try
        {
            var point = ReadPoint(slots, manifest, commitPath);
            var released = new List<string>();
            point = ReleaseLost(segments, options, manifest, slots, point, released);
            var continued = RollForward(segments, manifest, point);
            if (continued.Until > point.Until)
            {
                // They may be in the page cache only, and must be durable before the slot that covers them.
                for (var at = point.Until; at < continued.Until; at = segments.EndOf(at))
                {
                    segments.Writable(segments.Of(at)).SyncData();
                }

                slots.Write(continued.Encode());
            }

            return new JournalFiles
            {
                Lock = journalLock,
                Manifest = manifest,
                Segments = segments,
                Commits = new CommitStore(slots, continued, fault),
                Findings = CheckTail(segments, manifest, continued) with
                {
                    DamagedSlots = slots.DamagedSlots,
                    RolledForward = continued.Sequence - point.Sequence,
                    Released = released,
                },
            };
        }
        catch
        {
            slots.Dispose();
            throw;
        }
    }

    private static void Create(
        JournalOptions options,
        TimeProvider time,
        string manifestPath,
        string commitPath,
        SegmentFiles segments
    )
    {
        var manifest = JournalManifest.New(options, time);
        var point = WithEngineMetadata(
            new CommitPoint
            {
                Epoch = manifest.Epoch,
                Run = 0,
                Number = 1,
                Begin = EngineRecord.FirstAddress,
                Until = EngineRecord.FirstAddress,
                Sequence = 0,
                Drops = new byte[Ledger.SnapshotBytes],
                EngineMetadata = [],
            }
        );
        SlotFile.Create(commitPath, SlotKind.Commit, point.Encode());
        segments.Allocate(0);
        manifest.Write(manifestPath);
    }

    /// <summary>
    /// Files without a manifest: what an interrupted creation left is removed, anything else is refused.
    /// </summary>
    private static void RefuseOrphans(string directory, string commitPath, SegmentFiles segments)
    {
        if (File.Exists(commitPath))
        {
            CommitPoint? point;
            using (var slots = SlotFile.Open(commitPath, SlotKind.Commit))
            {
                point = slots.DamagedSlots == 0 ? CommitPoint.TryDecode(slots.Payload) : null;
            }

            if (point is not { Sequence: 0, Until: EngineRecord.FirstAddress })
            {
                throw new JournalException(
                    $"{directory} holds a journal without its manifest: restore the file, or move the directory away to start empty"
                );
            }

            foreach (var segment in segments.Present())
            {
                DiskDirectory.Remove(segments.PathOf(segment));
            }

            DiskDirectory.Remove(commitPath);
            segments.Load();
        }
        else if (segments.Count > 0)
        {
            throw new JournalException(
                $"{directory} holds segments without manifest and commit file: restore them, or move the directory away to start"
                    + " empty"
            );
        }
    }

    private static void RequireSameSizes(JournalOptions options, JournalManifest manifest)
    {
        if (manifest.PageBytes != options.PageBytes || manifest.SegmentBytes != options.SegmentBytes)
        {
            throw new JournalException(
                $"the journal was created with pages of {manifest.PageBytes} and segments of {manifest.SegmentBytes} bytes, but"
                    + $" {options.PageBytes} and {options.SegmentBytes} are configured: set journal.pageBytes and journal.segmentBytes"
                    + " back, or start a new journal in another directory"
            );
        }
    }

    /// <summary>
    /// Lets go of segments that are missing or short when every sink has taken all they held, and of what is retained
    /// before them; durable on return. Refuses otherwise: what is pending is never given up here.
    /// </summary>
    private static CommitPoint ReleaseLost(
        SegmentFiles segments,
        JournalOptions options,
        JournalManifest manifest,
        SlotFile slots,
        CommitPoint point,
        List<string> released
    )
    {
        var begin = point.Begin;
        for (var at = point.Begin; at < point.Until; at = segments.EndOf(at))
        {
            if (segments.Problem(segments.Of(at)) is { } problem)
            {
                problem = $"{segments.PathOf(segments.Of(at))} {problem}";
                begin = segments.EndOf(at);
                RequireTaken(options, manifest, slots, point, begin, problem);
                released.Add(problem);
            }
        }

        if (released.Count > 0)
        {
            point = WithEngineMetadata(
                point with
                {
                    Number = point.Number + 1,
                    Begin = begin,
                    Until = Math.Max(begin, point.Until),
                }
            );
            slots.Write(point.Encode());
        }

        DiscardUnused(segments, point);
        return point;
    }

    private static void RequireTaken(
        JournalOptions options,
        JournalManifest manifest,
        SlotFile slots,
        CommitPoint point,
        long end,
        string problem
    )
    {
        var taken = TakenByAll.Of(options, manifest.EpochId, point.Until);
        // A damaged slot may have covered more of the last segment than the other knows of.
        var isTaken = taken.Slowest is null ? end <= point.Until || slots.DamagedSlots == 0 : end <= taken.Address;
        if (isTaken && options.Readers.Count > 0)
        {
            return;
        }

        throw new JournalException(
            $"{problem}, but its events are still held{(taken.Slowest is { } sink ? $" for sink {sink}" : "")}: restore it, or"
                + " give them up with 'edge journal skip-to' for every sink"
        );
    }

    private static void DiscardUnused(SegmentFiles segments, CommitPoint point)
    {
        // A segment without committed records holds nothing; with a wrong length it would only fail later.
        foreach (var segment in segments.Present())
        {
            if ((long)segment * segments.SegmentBytes >= point.Until && segments.Problem(segment) is not null)
            {
                segments.Discard(segment);
            }
        }
    }

    private static RecoveryFindings CheckTail(SegmentFiles segments, JournalManifest manifest, CommitPoint point)
    {
        var from = Math.Max(point.Begin, (point.Until - CheckedTailBytes) & -(long)manifest.PageBytes);
        var walker = new LogWalker(segments, manifest, from, point.Until);
        var problems = new List<string>();
        var records = 0L;
        var sequence = 0L;
        for (var step = walker.Step(); step != WalkStep.End; step = walker.Step())
        {
            if (step == WalkStep.NewerVersion)
            {
                throw new JournalException(
                    $"the journal holds a record of format {walker.Envelope.Version}, this program reads up to"
                        + $" {Envelope.CurrentVersion}: run the later version"
                );
            }

            if (step == WalkStep.Damage)
            {
                problems.Add($"address {walker.Address}: {walker.Problem}");
                sequence = 0;
                continue;
            }
            if (sequence != 0 && walker.Envelope.Sequence != sequence + 1)
            {
                problems.Add($"address {walker.Address}: record {walker.Envelope.Sequence} follows {sequence}");
            }

            sequence = walker.Envelope.Sequence;
            records++;
        }
        if (records > 0 && sequence != point.Sequence && problems.Count == 0)
        {
            problems.Add($"address {point.Until}: the last record is {sequence}, committed was {point.Sequence}");
        }

        return new RecoveryFindings(DamagedSlots: 0, RolledForward: 0, records, problems);
    }
}
