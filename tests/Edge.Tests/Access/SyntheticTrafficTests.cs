using System.Text;
using CsCheck;
using Edge.Access;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Access;

/// <summary>Which marks of tests count, against keys and clock. Marks come from the command that operators use.</summary>
public sealed class SyntheticTrafficTests : IDisposable
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    private readonly TempDirectory _directory = new();
    private readonly TestClock _clock = new(Now);
    private readonly KeyFile _file;
    private readonly KeyRing _keys;
    private readonly SyntheticTraffic _traffic;

    public SyntheticTrafficTests()
    {
        _file = new KeyFile(_directory["keys.json"]);
        _keys = KeyRing.Open(_file, _clock, static problem => Assert.Fail(problem));
        _traffic = new SyntheticTraffic(_keys, _clock);
    }

    public void Dispose()
    {
        _keys.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Mark_OfAKey_NamesItsTestAsLongAsItHolds()
    {
        var mark = await Marks.SignAsync(Issue(), "smoke-1", hours: 2);

        Assert.Equal("smoke-1", TestOf(mark));
        Assert.Equal("smoke-1", TestOf(mark));
        _clock.Advance(TimeSpan.FromHours(1.9));
        Assert.Equal("smoke-1", TestOf(mark));
        _clock.Advance(TimeSpan.FromHours(0.2));
        Assert.Equal("", TestOf(mark));
        Assert.Equal(1, _traffic.Ignored(IgnoredMark.OutOfTime));
    }

    [Fact]
    public async Task Mark_ThatHoldsTooLong_CountsForNothing()
    {
        var mark = await Marks.SignAsync(Issue(), "patient", hours: 24);
        var early = new SyntheticTraffic(_keys, new TestClock(Now.AddHours(-1)));

        Assert.Equal("patient", TestOf(mark));
        Assert.Empty(early.TestOf(mark));
        Assert.Equal(1, early.Ignored(IgnoredMark.OutOfTime));
    }

    [Fact]
    public async Task Mark_OfARevokedKey_CountsForNothingAlsoWhenItWasAcceptedLast()
    {
        var mark = await Marks.SignAsync(Issue(), "smoke", hours: 1);
        Assert.Equal("smoke", TestOf(mark));

        Assert.True(_file.Revoke(_file.Read()[0].Id, Now));
        _keys.Refresh();

        Assert.Equal("", TestOf(mark));
        Assert.Equal(1, _traffic.Ignored(IgnoredMark.UnknownKey));
    }

    [Fact]
    public async Task Mark_OfAKeyOfAnotherKind_CountsForNothing()
    {
        // With the secret's text alone anybody who may send events could mark people's.
        var secret = _file.Issue(new KeyGrant(KeyKind.Artie), Now, "syn_0123456789abcdefghijklmnopqrstuv");
        _keys.Refresh();

        Assert.Equal("", TestOf(await Marks.SignAsync(secret, "smoke", hours: 1)));
        Assert.Equal(1, _traffic.Ignored(IgnoredMark.UnknownKey));
    }

    [Fact]
    public async Task Mark_WithAnythingChanged_CountsForNothing()
    {
        var mark = await Marks.SignAsync(Issue(), "smoke", hours: 1);
        Assert.Equal("smoke", TestOf(mark));

        Gen.Select(Gen.Int[0, mark.Length - 1], Gen.Char[' ', '\u017f'])
            .Where(change => char.ToLowerInvariant(mark[change.Item1]) != char.ToLowerInvariant(change.Item2))
            .Sample(change => TestOf(mark[..change.Item1] + change.Item2 + mark[(change.Item1 + 1)..]).Length == 0);
        Gen.Int[0, mark.Length - 1].Sample(length => TestOf(mark[..length]).Length == 0);
        Assert.Equal("", TestOf(mark + "0"));
        Assert.Equal("smoke", TestOf(mark));
    }

    [Fact]
    public async Task Mark_Again_AllocatesNothing()
    {
        var mark = Encoding.ASCII.GetBytes(await Marks.SignAsync(Issue(), "smoke", hours: 1));
        Assert.NotEmpty(_traffic.TestOf(mark));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            _ = _traffic.TestOf(mark);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("a b", "1", "NAME must be 1 to 64 letters")]
    [InlineData("", "1", "NAME must be 1 to 64 letters")]
    [InlineData("a.b", "1", "NAME must be 1 to 64 letters")]
    [InlineData("smoke", "0", "--hours must be 1 to 24")]
    [InlineData("smoke", "25", "--hours must be 1 to 24")]
    public async Task Command_WhatCannotBeSigned_IsOneLineAndExitCodeTwo(string name, string hours, string problem)
    {
        var (exitCode, output, error) = await Marks.RunAsync(Issue(), name, hours);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.Contains(problem, error, StringComparison.Ordinal);
    }

    private string Issue()
    {
        var secret = _file.Issue(new KeyGrant(KeyKind.Synthetic), Now);
        _keys.Refresh();
        return secret;
    }

    private string TestOf(string mark) => Encoding.ASCII.GetString(_traffic.TestOf(mark));
}
