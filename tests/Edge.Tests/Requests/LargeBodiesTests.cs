using Edge.Requests;
using Xunit;

namespace Edge.Tests.Requests;

/// <summary>Turns at large bodies.</summary>
public class LargeBodiesTests
{
    [Fact]
    public async Task Work_WithATurn_RunsOnAThreadOfItsOwn()
    {
        var isPoolThread = true;

        Assert.True(await new LargeBodies(1).TryRunAsync(() =>
        {
            isPoolThread = Thread.CurrentThread.IsThreadPoolThread;
            return Task.CompletedTask;
        }));

        Assert.False(isPoolThread);
    }

    [Fact]
    public async Task Work_WhileAllTurnsAreTaken_IsNotDone()
    {
        var large = new LargeBodies(1);
        var end = new TaskCompletionSource();
        var first = large.TryRunAsync(() => end.Task);

        Assert.False(await large.TryRunAsync(() => throw new InvalidOperationException("there was no turn")));
        end.SetResult();

        Assert.True(await first);
        Assert.True(await large.TryRunAsync(() => Task.CompletedTask));
    }

    [Fact]
    public async Task Work_ThatFails_GivesItsTurnBack()
    {
        var large = new LargeBodies(1);

        await Assert.ThrowsAsync<InvalidDataException>(() => large.TryRunAsync(() => throw new InvalidDataException()));

        Assert.True(await large.TryRunAsync(() => Task.CompletedTask));
    }
}
