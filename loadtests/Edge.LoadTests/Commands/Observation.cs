using Edge.LoadTests.Generation;
using Edge.LoadTests.Reports;
using Edge.LoadTests.Scenarios;
using Edge.LoadTests.Simulations;
using Edge.LoadTests.Targets;

namespace Edge.LoadTests.Commands;

/// <summary>Runs a generator and looks every second at what it and the server do meanwhile.</summary>
internal sealed class Observation(IGenerator generator, Target target, ServerPages pages, TimeSpan warmUp)
{
    private static readonly TimeSpan StartAhead = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BetweenPoints = TimeSpan.FromSeconds(1);

    /// <summary>Runs the plan to its end.</summary>
    /// <param name="scenario">What is sent.</param>
    /// <param name="plan">When; its beginning is warm-up.</param>
    /// <param name="show">Takes a point for every second after the warm-up.</param>
    /// <param name="cancellation">Ends it early.</param>
    public async Task RunAsync(
        Scenario scenario,
        LoadPlan plan,
        Action<TimelinePoint> show,
        CancellationToken cancellation
    )
    {
        var (sampledAt, last) = (Clock.Now, await pages.SampleAsync(cancellation));
        var start = Clock.Now + (long)(StartAhead.TotalSeconds * 1e9);
        var lastAt = start + (long)(warmUp.TotalSeconds * 1e9);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var generating = Task.Run(() => generator.RunAsync(scenario, plan, start, stop.Token), CancellationToken.None);
        using var sinkSwitch = new SinkSwitch(scenario is OutageScenario ? target.SinkSwitch : null);
        var measured = TimeSpan.FromSeconds(plan.Length / 1e9) - warmUp;
        try
        {
            while (!generating.IsCompleted)
            {
                await Task.WhenAny(generating, Task.Delay(BetweenPoints, CancellationToken.None));
                var elapsed = TimeSpan.FromTicks((Clock.Now - start) / 100) - warmUp;
                await sinkSwitch.FollowAsync(OutageScenario.Switches(measured), elapsed);
                var sample = await pages.SampleAsync(CancellationToken.None);
                var now = Clock.Now;
                if (now > lastAt)
                {
                    double? cores =
                        sample is not null && last is not null && last.IsOfProcess(sample)
                            ? (sample.CpuSeconds - last.CpuSeconds) / ((now - sampledAt) / 1e9)
                            : null;
                    var second = ((lastAt - start) / 1e9) - warmUp.TotalSeconds;
                    // The last requests were sent before the last second was over.
                    var end = start + plan.Length;
                    var length = (lastAt < end ? Math.Min(now, end) - lastAt : now - lastAt) / 1e9;
                    show(Point(second, length, cores, sample, Threads()));
                    lastAt = now;
                }

                (sampledAt, last) = (now, sample);
            }
        }
        catch
        {
            await stop.CancelAsync();
            await generating;
            throw;
        }

        await generating;
        await sinkSwitch.OnAsync();
    }

    private TimelinePoint Point(double second, double length, double? cores, ServerSample? now, double? threads)
    {
        var totals = default(Totals);
        var latencies = Recorder.NewHistogram();
        foreach (var recorder in generator.Recorders)
        {
            var (counted, measured) = recorder.TakeSecond();
            totals += counted;
            latencies.Add(measured);
        }

        return new TimelinePoint(
            second,
            totals.Intended / length,
            totals.Sent / length,
            totals.Answered / length,
            totals.Errors / length,
            Figures.At(latencies, 50),
            Figures.At(latencies, 99),
            Figures.At(latencies, 100),
            cores,
            now?.MemoryBytes / (1 << 20),
            now?.OpenFiles,
            threads,
            now?.Connections,
            now?.Pending
        );
    }

    private double? Threads()
    {
        try
        {
            return target.ProcessId is { } id ? Directory.GetDirectories($"/proc/{id}/task").Length : null;
        }
        catch (IOException)
        {
            // It has ended.
            return null;
        }
    }
}
