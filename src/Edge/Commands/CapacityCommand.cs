using System.CommandLine;
using System.Net;
using System.Text;
using Edge.Commands.Streams;
using Edge.Events;
using Edge.Hosting;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Machine;
using Edge.Requests;
using Edge.Settings;
using Edge.Storage;
using Edge.Transport;

namespace Edge.Commands;

/// <summary>
/// <c>edge capacity</c>: what one processor and this disk can do, measured with the service's own code in a directory
/// of its own in the data directory, removed afterwards: pixels answered as fast as they can be, each enriched, encoded
/// and stored; then commits one after the other. Bounded in time and bytes; loads the machine meanwhile.
/// </summary>
internal sealed class CapacityCommand(EdgeOptions options, TimeProvider time, TextWriter output, TextWriter error)
{
    private const string Name = "edge capacity";

    /// <summary>
    /// How the directories begin. Whoever measures in one holds its lock, so that one without is left from a run that
    /// was killed.
    /// </summary>
    private const string DirectoryPrefix = ".edge-capacity-";

    private const int SecondsDefault = 5;
    private const int SecondsMax = 60;

    /// <summary>Written at most, whatever the time.</summary>
    private const long BytesMax = 1L << 30;

    /// <summary>Free bytes without which nothing is measured.</summary>
    private const long FreeBytesMin = 4L << 30;

    /// <summary>Different visitors, so that caches neither always hit nor always miss.</summary>
    private const int Visitors = 1_024;

    private static readonly byte[] Date = Encoding.ASCII.GetBytes("Thu, 01 Jan 1970 00:00:00 GMT");

    public static Command Define(StandardStreams io)
    {
        var seconds = new Option<int?>("--seconds")
        {
            HelpName = "S",
            Description = $"How long each of the two parts takes, 1 to {SecondsMax}; without it {SecondsDefault}.",
        };
        var command = new Command("capacity", "Measures what one processor and this disk can do, events a second.")
        {
            seconds,
        };
        var settings = SettingsArguments.AddTo(command).WithOwnDataDir(command);
        command.SetAction(
            async (result, _) =>
            {
                var each = result.GetValue(seconds) ?? SecondsDefault;
                if (each is < 1 or > SecondsMax)
                {
                    await io.Error.WriteLineAsync($"{Name}: --seconds must be from 1 to {SecondsMax}");
                    return ExitCode.WrongUsage;
                }

                if (settings.Load(result, io.Error) is not { } options)
                {
                    return ExitCode.Failure;
                }

                using var stop = new StopSignals();
                return await new CapacityCommand(options, TimeProvider.System, io.Out, io.Error).RunAsync(
                    TimeSpan.FromSeconds(each),
                    stop.Token
                );
            }
        );
        return command;
    }

    /// <param name="each">How long each part takes.</param>
    /// <param name="cancellation">Ends it early, without a result.</param>
    public async Task<int> RunAsync(TimeSpan each, CancellationToken cancellation)
    {
        // On the same file system as the journal.
        var parent = Directory.Exists(options.DataDir)
            ? options.DataDir
            : Path.GetDirectoryName(Path.GetFullPath(options.DataDir)) ?? "/";
        try
        {
            RemoveLeft(parent);
            if (DiskDirectory.FreeBytes(parent) < FreeBytesMin)
            {
                await error.WriteLineAsync($"{Name}: {parent} has less than {FreeBytesMin >> 30} GiB free, which the measurement is not to use up");
                return ExitCode.Failure;
            }

            var directory = Path.Combine(parent, $"{DirectoryPrefix}{Guid.NewGuid():N}");
            SecretDirectory.CreateDataDir(directory);
            try
            {
                using var claim = DiskFile.OpenRead(directory);
                if (!claim.TryLock())
                {
                    throw new IOException($"another run has just taken {directory} for one that was killed; run it again");
                }

                await MeasureAsync(directory, each, cancellation);
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }

            return ExitCode.Success;
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync($"{Name}: stopped before the end; what it wrote is removed");
            return ExitCode.Failure;
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"{Name}: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.Failure;
        }
    }

    /// <summary>Removes what runs that were killed left, and nothing of one that still measures.</summary>
    private void RemoveLeft(string parent)
    {
        foreach (var left in new DirectoryInfo(parent).EnumerateDirectories(DirectoryPrefix + "*"))
        {
            if (left.LinkTarget is not null)
            {
                continue;
            }

            try
            {
                using var claim = DiskFile.OpenRead(left.FullName);
                if (claim.TryLock())
                {
                    left.Delete(recursive: true);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                error.WriteLine($"{Name}: {left.FullName} of an earlier run stays: {e.Message.ReplaceLineEndings(" ")}");
            }
        }
    }

    private async Task MeasureAsync(string directory, TimeSpan each, CancellationToken cancellation)
    {
        await using var service = EdgeService.Open(OptionsFor(directory), time);
        await MeasureEventsAsync(service, each, cancellation);
        await MeasureCommitsAsync(service.Journal, each, cancellation);
    }

    /// <summary>
    /// The settings of the service, with a directory, experiments and a log of their own, and without sinks.
    /// </summary>
    private EdgeOptions OptionsFor(string directory)
    {
        options.DataDir = directory;
        options.Demo = true;
        options.Sinks = [];
        options.TlsCertificateFile = "";
        options.LoggingLevel = LoggingLevel.Error;
        options.AckPixel = AckMode.Memory;
        options.AckClick = AckMode.Memory;
        options.JournalMaxBytes = Math.Max(options.JournalMaxBytes, 2 * BytesMax);
        return options;
    }

    /// <summary>One thread answers pixels as the event loops do, while the journal writes them.</summary>
    private async Task MeasureEventsAsync(EdgeService service, TimeSpan each, CancellationToken cancellation)
    {
        var lane = service.CreateLane().Lane;
        var requests = Requests();
        var room = new byte[LaneExchange.RoomBytesMin];
        // Rules and code that the first requests load are not what is measured.
        Answer(lane, requests, room, TimeSpan.FromSeconds(1), 0, service.Journal, cancellation);
        await service.Journal.CommitAsync();
        var before = service.Journal.Status;
        var began = time.GetTimestamp();
        var cpu = Environment.CpuUsage.TotalTime;
        var answered = Answer(lane, requests, room, each, before.TailAddress + BytesMax, service.Journal, cancellation);
        await service.Journal.CommitAsync();
        var seconds = time.GetElapsedTime(began).TotalSeconds;
        cpu = Environment.CpuUsage.TotalTime - cpu;
        var after = service.Journal.Status;
        var stored = after.CommittedSequence - before.CommittedSequence;
        var bytes = after.TailAddress - before.TailAddress;
        await output.WriteLineAsync(
            $"events    {stored / seconds:0} a second stored by one thread, {bytes / Math.Max(1, stored)} bytes each, {bytes / seconds / 1e6:0.0} MB/s"
        );
        await output.WriteLineAsync(
            $"processor {cpu.TotalMicroseconds / Math.Max(1, answered):0.0} us for an event, enriched, encoded and stored, without the network"
        );
        await output.WriteLineAsync(
            answered - stored > answered / 100
                ? $"limit     the disk: {answered - stored} of {answered} events came faster than it takes them"
                : "limit     the processor: the disk took everything"
        );
    }

    /// <summary>One request after the other waits for its commit, as with ack disk.</summary>
    private async Task MeasureCommitsAsync(EventJournal journal, TimeSpan each, CancellationToken cancellation)
    {
        var times = new List<double>();
        var payload = Encoding.ASCII.GetBytes(new string('x', 512));
        var record = new byte[Envelope.HeaderBytes + payload.Length];
        var ids = new EventIds(time);
        var began = time.GetTimestamp();
        while (time.GetElapsedTime(began) < each)
        {
            cancellation.ThrowIfCancellationRequested();
            payload.CopyTo(record.AsSpan(Envelope.HeaderBytes));
            var since = time.GetTimestamp();
            _ = journal.TryAppend(record, ids.Next(), out _);
            await journal.CommitAsync();
            times.Add(time.GetElapsedTime(since).TotalMilliseconds);
        }

        times.Sort();
        await output.WriteLineAsync(
            $"commit    {times[times.Count / 2]:0.00} ms in the middle, {times[times.Count * 99 / 100]:0.00} ms for 99 of 100: what a request with ack disk waits"
        );
    }

    private long Answer(
        Lane lane,
        byte[][] requests,
        byte[] room,
        TimeSpan each,
        long untilAddress,
        EventJournal journal,
        CancellationToken cancellation
    )
    {
        var peer = ClientAddress.From(IPAddress.Loopback);
        var answered = 0L;
        for (var began = time.GetTimestamp(); time.GetElapsedTime(began) < each;)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var request in requests)
            {
                var exchange = new LaneExchange
                {
                    Received = request,
                    Room = room,
                    Peer = peer,
                    Date = Date,
                    IsDraining = false,
                };
                if (lane(ref exchange) != LaneResult.Answered)
                {
                    throw new IOException("a pixel of the example experiments was not answered");
                }

                answered++;
            }

            if (untilAddress > 0 && journal.Status.TailAddress >= untilAddress)
            {
                break;
            }
        }

        return answered;
    }

    private static byte[][] Requests()
    {
        var requests = new byte[Visitors][];
        for (var i = 0; i < requests.Length; i++)
        {
            requests[i] = Encoding.ASCII.GetBytes(
                $"GET /s/demo-ab/pixel.gif?u=capacity-{i} HTTP/1.1\r\nHost: edge.example\r\n"
                    + $"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:{100 + (i % 64)}.0) Gecko/20100101 Firefox/{100 + (i % 64)}.0\r\n"
                    + "Accept: image/avif,image/webp,*/*\r\nAccept-Language: en-GB,en;q=0.9\r\n"
                    + "Accept-Encoding: gzip, deflate\r\nReferer: https://mail.example/\r\n\r\n"
            );
        }

        return requests;
    }
}
