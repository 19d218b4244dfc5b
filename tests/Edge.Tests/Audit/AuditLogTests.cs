using Edge.Audit;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Audit;

public sealed class AuditLogTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 5, 16, 19, 0, 0, TimeSpan.Zero);

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ReadNewest_Entries_AreNewestFirstAndFiltered()
    {
        var log = new AuditLog(_directory.Path);
        Assert.Empty(log.ReadNewest(10, null));
        for (var i = 0; i < 10; i++)
        {
            log.Append(Entry(i, i % 2 == 0 ? "even" : null));
        }

        Assert.Equal(["s8", "s6", "s4"], log.ReadNewest(3, "even").Select(entry => entry.Subject));
        Assert.Equal(Entry(9, null), Assert.Single(log.ReadNewest(1, null)));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(_directory[AuditLog.Name])
        );
    }

    [Fact]
    public void Append_AfterHalfALine_StandsInALineOfItsOwn()
    {
        var log = new AuditLog(_directory.Path);
        log.Append(Entry(1, null));
        File.AppendAllText(_directory[AuditLog.Name], "{\"at\":\"2026-");

        log.Append(Entry(2, null));

        Assert.Equal(["s2", "s1"], log.ReadNewest(10, null).Select(entry => entry.Subject));
    }

    [Fact]
    public void Append_ManyWritersAndFullFiles_LosesNothingOfTheLastTwo()
    {
        const int Writers = 4;
        const int Each = 60;
        var log = new AuditLog(_directory.Path);
        // Each entry is a tenth of a megabyte, so that files fill up.
        var detail = new string('x', 100_000);

        Parallel.For(
            0,
            Writers,
            writer =>
            {
                for (var i = 0; i < Each; i++)
                {
                    new AuditLog(_directory.Path).Append(Entry(writer * Each + i, null) with { Detail = detail });
                }
            }
        );

        var subjects = log.ReadNewest(1_000, null).Select(entry => entry.Subject).ToArray();
        Assert.Equal(subjects.Length, subjects.Distinct().Count());
        Assert.InRange(subjects.Length, 41, 90);
        Assert.Equal(2, Directory.GetFiles(_directory.Path).Length);
    }

    private static AuditEntry Entry(int number, string? team) =>
        new()
        {
            At = Start.AddSeconds(number),
            Actor = "key_1",
            Action = AuditAction.Start,
            Subject = $"s{number}",
            Team = team,
        };
}
