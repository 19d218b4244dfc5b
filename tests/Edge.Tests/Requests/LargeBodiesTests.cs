using Edge.Requests.Bodies;
using Xunit;

namespace Edge.Tests.Requests;

/// <summary>Turns at large bodies.</summary>
public class LargeBodiesTests
{
    [Fact]
    public async Task Work_WithATurn_RunsOnAThreadOfItsOwn()
    {
        var isPoolThread = true;

        Assert.True(
            await new LargeBodies(1).TryRunAsync(() =>
            {
                isPoolThread = Thread.CurrentThread.IsThreadPoolThread;
                return Task.CompletedTask;
            })
        );

        Assert.False(isPoolThread);
    }

    [Fact]
    public async Task Work_WhileAllTurnsAreTaken_IsNotDone()
    {
        var large = new LargeBodies(1);
        using var end = new ManualResetEventSlim();
        var first = HoldTurnAsync(large, end);

        Assert.False(await large.TryRunAsync(() => throw new InvalidOperationException("there was no turn")));
        end.Set();

        Assert.True(await first);
        Assert.True(await large.TryRunAsync(() => Task.CompletedTask));
    }

    [Fact]
    public async Task Work_WhileManyWait_IsRefusedAtOnce()
    {
        var large = new LargeBodies(1);
        using var end = new ManualResetEventSlim();
        var first = HoldTurnAsync(large, end);
        var waiting = Enumerable
            .Range(0, LargeBodies.WaitingMax)
            .Select(_ => large.TryRunAsync(() => Task.CompletedTask))
            .ToList();

        var refused = large.TryRunAsync(() => Task.CompletedTask);

        Assert.True(refused.IsCompleted);
        Assert.False(await refused);
        await Task.WhenAll(waiting);
        Assert.False(large.TryRunAsync(() => Task.CompletedTask).IsCompleted);
        end.Set();
        Assert.True(await first);
    }

    [Fact]
    public async Task Work_ThatWaits_HasGivenItsTurnBack()
    {
        var large = new LargeBodies(1);
        var end = new TaskCompletionSource();
        var first = large.TryRunAsync(() => end.Task);

        Assert.True(await large.TryRunAsync(() => Task.CompletedTask));
        Assert.False(first.IsCompleted);
        end.SetResult();

        Assert.True(await first);
    }

    [Fact]
    public async Task Work_ThatFails_GivesItsTurnBack()
    {
        var large = new LargeBodies(1);

        await Assert.ThrowsAsync<InvalidDataException>(() => large.TryRunAsync(() => throw new InvalidDataException()));

        Assert.True(await large.TryRunAsync(() => Task.CompletedTask));
    }

    private static Task<bool> HoldTurnAsync(LargeBodies large, ManualResetEventSlim end) =>
        large.TryRunAsync(() =>
        {
            end.Wait();
            return Task.CompletedTask;
        });
}
