using Edge.Access;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Access;

/// <summary>When a session of the page ends.</summary>
public sealed class SessionTableTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 5, 16, 19, 0, 0, TimeSpan.Zero);

    private readonly TempDirectory _directory = new();
    private readonly TestClock _clock = new(Start);
    private readonly KeyRing _keys;
    private readonly SessionTable _sessions;

    public SessionTableTests()
    {
        _keys = KeyRing.Open(File, _clock, problem => throw new InvalidOperationException(problem));
        _sessions = new SessionTable(_keys, TimeSpan.FromMinutes(60), _clock);
    }

    private KeyFile File => new(_directory["keys.json"]);

    public void Dispose()
    {
        _keys.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Find_OfTheId_HasTheKeyAndNoOtherIdDoes()
    {
        var key = Issue();
        var id = _sessions.Begin(key);

        Assert.Equal(key.Id, _sessions.Find(id, isUse: true)!.Key.Id);
        Assert.Null(_sessions.Find(id[..^1], isUse: true));
        Assert.Null(_sessions.Find("", isUse: true));
        Assert.Null(_sessions.Find(new string('a', 1_000), isUse: true));
        Assert.NotEqual(id, _sessions.Begin(key));
    }

    [Fact]
    public void Find_AfterTheIdleTime_FindsNothing()
    {
        var id = _sessions.Begin(Issue());
        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.NotNull(_sessions.Find(id, isUse: true));
        _clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(Start.AddMinutes(119), _sessions.Find(id, isUse: false)!.ExpiresAt);

        // Looking was no use.
        _clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(_sessions.Find(id, isUse: true));
    }

    [Fact]
    public void Find_InConstantUse_EndsWithItsLifetime()
    {
        var id = _sessions.Begin(Issue());
        for (var minutes = 0; minutes < SessionTable.Lifetime.TotalMinutes - 30; minutes += 30)
        {
            _clock.Advance(TimeSpan.FromMinutes(30));
            Assert.NotNull(_sessions.Find(id, isUse: true));
        }

        _clock.Advance(TimeSpan.FromMinutes(30));

        Assert.Null(_sessions.Find(id, isUse: true));
    }

    [Fact]
    public void Find_OfARevokedKey_FindsNothing()
    {
        var key = Issue();
        var id = _sessions.Begin(key);
        File.Revoke(key.Id, Start);
        _keys.Refresh();

        Assert.Null(_sessions.Find(id, isUse: true));
    }

    [Fact]
    public void End_OfOne_LeavesTheOthers()
    {
        var key = Issue();
        var (first, second) = (_sessions.Begin(key), _sessions.Begin(key));

        _sessions.End(first);

        Assert.Null(_sessions.Find(first, isUse: true));
        Assert.NotNull(_sessions.Find(second, isUse: true));
    }

    [Fact]
    public void Begin_BeyondTheSessionsOfAKey_EndsItsLeastUsedAndNoOtherKeys()
    {
        var (key, other) = (Issue(), Issue());
        var others = _sessions.Begin(other);
        var ids = new List<string>();
        for (var i = 0; i < SessionTable.SessionsOfKeyMax; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            ids.Add(_sessions.Begin(key));
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(_sessions.Find(ids[0], isUse: true));
        _clock.Advance(TimeSpan.FromSeconds(1));
        ids.Add(_sessions.Begin(key));

        Assert.NotNull(_sessions.Find(others, isUse: true));
        Assert.Equal([ids[1]], ids.Where(id => _sessions.Find(id, isUse: false) is null));
    }

    [Theory]
    [InlineData("pictify")]
    [InlineData("pictify-read")]
    public void Begin_OfManyKeysWithAllSessions_EndsNoneOfAKeyThatHasFew(string row)
    {
        var kind = row == "pictify" ? KeyKind.Pictify : KeyKind.PictifyRead;
        var first = _sessions.Begin(Issue(kind));
        var second = _sessions.Begin(Issue(kind));
        for (var keys = 0; keys < 2 * SessionTable.SessionsMax / SessionTable.SessionsOfKeyMax; keys++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            var key = Issue(kind);
            for (var i = 0; i < SessionTable.SessionsOfKeyMax; i++)
            {
                Assert.NotNull(_sessions.Find(_sessions.Begin(key), isUse: false));
            }
        }

        Assert.NotNull(_sessions.Find(first, isUse: false));
        Assert.NotNull(_sessions.Find(second, isUse: false));
    }

    [Fact]
    public void Begin_OfReadingKeysWithAllTheirSessions_EndsNoneThatMayChangeSomething()
    {
        var manager = Issue();
        var managing = Enumerable.Range(0, SessionTable.SessionsOfKeyMax).Select(_ => _sessions.Begin(manager)).ToList();
        const int SessionsOfReader = SessionTable.SessionsOfKeyMax - 1;
        for (var readers = 0; readers <= SessionTable.SessionsMax / SessionsOfReader; readers++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            var reader = Issue(KeyKind.PictifyRead);
            for (var i = 0; i < SessionsOfReader; i++)
            {
                Assert.NotNull(_sessions.Find(_sessions.Begin(reader), isUse: false));
            }
        }

        Assert.All(managing, id => Assert.NotNull(_sessions.Find(id, isUse: false)));
    }

    private ApiKey Issue(KeyKind kind = KeyKind.Pictify)
    {
        var secret = File.Issue(new KeyGrant(kind), Start);
        _keys.Refresh();
        return _keys.Find(secret)!;
    }
}
