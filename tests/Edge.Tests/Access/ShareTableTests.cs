using Edge.Access;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Access;

/// <summary>Which shares open something, and for how long.</summary>
public sealed class ShareTableTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 5, 16, 19, 0, 0, TimeSpan.Zero);

    private readonly TempDirectory _directory = new();
    private readonly TestClock _clock = new(Start);
    private readonly List<string> _problems = [];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Share_UntilItsEnd_IsFoundAlsoAfterARestart()
    {
        var share = Open().Create("exp_a", "key_1", Start.AddDays(1))!;

        var restarted = Open();
        Assert.Equal(share, restarted.Find(share.Id));
        Assert.Equal([share], restarted.Of("exp_a"));
        Assert.Empty(restarted.Of("exp_b"));

        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Null(restarted.Find(share.Id));
        Assert.Empty(restarted.Of("exp_a"));
    }

    [Fact]
    public void Share_Revoked_IsGoneAlsoAfterARestart()
    {
        var table = Open();
        var (first, second) = (Create(table, "exp_a"), Create(table, "exp_a"));

        Assert.False(table.Revoke("exp_b", first.Id));
        Assert.True(table.Revoke("exp_a", first.Id));
        Assert.False(table.Revoke("exp_a", first.Id));

        Assert.All(
            [table, Open()],
            one =>
            {
                Assert.Null(one.Find(first.Id));
                Assert.Equal([second], one.Of("exp_a"));
            }
        );
    }

    [Fact]
    public void Shares_OfOneExperiment_AreBoundedAndExpiredOnesMakeRoom()
    {
        var table = Open();
        for (var i = 0; i < ShareTable.SharesOfExperimentMax; i++)
        {
            Create(table, "exp_a");
        }

        Assert.Null(table.Create("exp_a", "key_1", Start.AddDays(1)));
        Assert.NotNull(table.Create("exp_b", "key_1", Start.AddDays(1)));

        _clock.Advance(TimeSpan.FromDays(1));
        Assert.NotNull(table.Create("exp_a", "key_1", Start.AddDays(2)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"shares":[null]}""")]
    [InlineData("""{"shares":[{"id":"1"}]}""")]
    [InlineData("""{"shares":[{"id":"1","uid":"u","createdAt":"2026-01-01T00:00:00Z","createdBy":null,"expiresAt":"2026-01-01T00:00:00Z"}]}""")]
    public void File_Damaged_IsSetAsideAndOpensNothing(string content)
    {
        var share = Create(Open(), "exp_a");
        File.WriteAllText(_directory[ShareTable.Name], content);
        Assert.False(ShareTable.Problem(_directory.Path)!.Value.IsFatal);

        var table = Open();

        Assert.Null(table.Find(share.Id));
        Assert.Single(_problems);
        Assert.Equal(content, File.ReadAllText(_directory[ShareTable.SetAsideName]));
        Assert.Null(ShareTable.Problem(_directory.Path));
        Assert.NotNull(table.Create("exp_a", "key_1", Start.AddDays(1)));
    }

    [Fact]
    public void Change_ThatCannotBeStored_ChangesNothing()
    {
        var table = Open();
        var share = Create(table, "exp_a");
        File.Delete(_directory[ShareTable.Name]);
        Directory.CreateDirectory(_directory[ShareTable.Name]);

        Assert.ThrowsAny<IOException>(() => table.Revoke("exp_a", share.Id));

        Assert.Equal([share], table.Of("exp_a"));
    }

    private ShareTable Open() => ShareTable.Open(_directory.Path, _clock, _problems.Add);

    private static Share Create(ShareTable table, string uid) => table.Create(uid, "key_1", Start.AddDays(1))!;
}
