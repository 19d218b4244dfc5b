using CsCheck;
using Edge.Statistics.Optimization;
using Edge.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Edge.Tests.Statistics.Optimization;

/// <summary>What is kept of an experiment's recomputations, in memory and in files.</summary>
public sealed class RecomputationHistoryTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Points_OfAYear_AreBoundedAndLieOverAllOfIt()
    {
        var history = new RecomputationHistory();
        const int Quarters = 365 * 24 * 4;
        for (var i = 0; i < Quarters; i++)
        {
            history.Add(Point(i * 15, i % 10_000));
        }

        var times = history.Points.Select(point => point.Time).ToArray();
        Assert.Equal(RecomputationHistory.PointsMax, times.Length);
        Assert.Equal(Start, times[0]);
        Assert.Equal(Start.AddMinutes((Quarters - 1) * 15), times[^1]);
        var widest = times.Zip(times.Skip(1), (from, to) => to - from).Max();
        // Evenly would be less than a day.
        Assert.True(widest < TimeSpan.FromDays(2), $"{widest}");
    }

    [Fact]
    public void Point_ThatSaysTheSame_IsNotKept()
    {
        var history = new RecomputationHistory();

        Assert.True(history.Add(Point(0, 5_000)));
        Assert.False(history.Add(Point(15, 5_000)));
        Assert.True(history.Add(Point(30, 5_001)));
        Assert.Equal([0, 30], history.Points.Select(point => (point.Time - Start).TotalMinutes));
    }

    [Fact]
    public void Clock_SetBack_LosesNothing()
    {
        var history = new RecomputationHistory();
        history.Add(Point(0, 1));
        history.Add(Point(60, 2));
        history.Add(Point(30, 3));
        history.Add(Point(60, 4));

        Assert.Equal([1, 3, 4], history.Points.Select(point => point.Variants[0].BestBasisPoints ?? 0));
    }

    [Fact]
    public void Bytes_OfTheFirstVersion_StayReadable()
    {
        var bytes = Golden.Read("recomputations-v1.hex");

        var history = RecomputationHistory.Unpack(bytes);

        Assert.Equal(
            ["2026-01-01T00:00:00 a:6000/7500 b:4000/2500 c:-/0", "2026-01-01T00:15:00 b:10000/10000 a:0/0"],
            history.Points.Select(point =>
                $"{point.Time:s} {string.Join(' ', point.Variants.Select(v => $"{v.VariantId}:{v.BestBasisPoints?.ToString() ?? "-"}/{v.Weight}"))}"
            )
        );
        Assert.Equal(bytes, history.Pack());
    }

    [Fact]
    public void Bytes_OfAFullHistory_AreFew()
    {
        var history = new RecomputationHistory();
        for (var i = 0; i < RecomputationHistory.PointsMax; i++)
        {
            history.Add(Point(i * 15, 5_000 + i));
        }

        Assert.True(history.Pack().Length < 6_000, $"{history.Pack().Length}");
    }

    [Fact]
    public void Bytes_Damaged_AreRefused()
    {
        var bytes = Golden.Read("recomputations-v1.hex");

        Gen.Int[0, bytes.Length - 1]
            .Select(Gen.Byte[1, 255])
            .Sample(
                (at, change) =>
                {
                    var damaged = bytes.ToArray();
                    damaged[at] ^= change;
                    Assert.Throws<InvalidDataException>(() => RecomputationHistory.Unpack(damaged));
                    Assert.Throws<InvalidDataException>(() => RecomputationHistory.Unpack(bytes.AsSpan(0, at)));
                },
                iter: 500
            );
    }

    [Fact]
    public void File_Damaged_IsSetAsideAndBeginsAnew()
    {
        var log = new LogLines();
        var files = RecomputationFiles.Open(_directory["recomputations"], log);
        files.Add("exp_a", Point(0, 1));
        File.WriteAllBytes(_directory["recomputations", "exp_a"], [1, 2, 3]);
        Assert.Single(RecomputationFiles.FindDamaged(_directory["recomputations"]));

        files.Add("exp_a", Point(15, 2));

        Assert.Equal([2], files.Read("exp_a")!.Select(point => point.Variants[0].BestBasisPoints ?? 0));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(_directory["recomputations", "exp_a.set-aside"]));
        Assert.Contains("exp_a", Assert.Single(log.All).Text, StringComparison.Ordinal);
        Assert.Empty(RecomputationFiles.FindDamaged(_directory["recomputations"]));
    }

    [Fact]
    public void Files_OfUnknownExperiments_GoAndOthersStay()
    {
        var files = RecomputationFiles.Open(_directory["recomputations"], NullLogger.Instance);
        files.Add("exp_a", Point(0, 1));
        files.Add("exp_b", Point(0, 1));
        File.WriteAllText(_directory["recomputations", "exp_b.set-aside"], "");

        files.RemoveUnless(uid => uid == "exp_a");

        Assert.Equal(["exp_a"], Directory.GetFiles(_directory["recomputations"]).Select(Path.GetFileName));
        Assert.Single(RecomputationFiles.Open(_directory["recomputations"], NullLogger.Instance).Read("exp_a")!);
    }

    /// <summary>What is in its place may be somebody's file: it stays, and is said once.</summary>
    [Fact]
    public void File_ThatCannotBeRead_HasNoHistoryAndIsSaidOnce()
    {
        var log = new LogLines();
        var files = RecomputationFiles.Open(_directory["recomputations"], log);
        Directory.CreateDirectory(_directory["recomputations", "exp_a"]);

        Assert.Null(files.Read("exp_a"));
        Assert.Null(files.Read("exp_a"));
        Assert.Contains("exp_a cannot be read", Assert.Single(log.All).Text, StringComparison.Ordinal);

        Directory.Delete(_directory["recomputations", "exp_a"]);
        Assert.Empty(files.Read("exp_a")!);
    }

    private static RecomputationPoint Point(int minutes, int best) =>
        new(
            Start.AddMinutes(minutes),
            [new RecomputedVariant("a", best, 5_000), new RecomputedVariant("b", 10_000 - best, 5_000)]
        );
}
