using Edge.Statistics.Counting;
using Xunit;

namespace Edge.Tests.Statistics.Counting;

/// <summary>
/// The packed members of <c>tally.json</c>: their bytes are a persisted format, so they are written out here as they
/// have always been, and whatever else a file holds is refused with the one exception that sets a checkpoint aside.
/// </summary>
public class PackedNumbersTests
{
    private const long Noon = 1_778_932_800_000; // 2026-05-16 12:00 UTC
    private const string Series = "02C4941EAC020100000100000101";
    private const string Units = "03FFFFFFFFFFFFFFFF80E8C28AC667010000000000000001080706050403020187E8C28AC667";
    private const string Trials =
        "03FFFFFFFFFFFFFFFF0088270180B4A185E33380B89929000100000000000000017F8001FFB3A185E333010008070605040302"
        + "0102904EFFFFFFFF07FBFFFFFFFFFFFFFFFF010501";

    [Fact]
    public void Series_Packed_AreTheBytesOfTheFormat()
    {
        var series = new CountSeries(CountSeries.Hour, new SharedBudget(0), 1);
        for (var i = 0; i < 300; i++)
        {
            series.AddImpression(Noon);
        }

        series.AddClick(Noon);
        series.AddTrial(Noon + CountSeries.Hour, isSuccess: true);

        Assert.Equal(Series, Convert.ToHexString(series.Pack()));
        var again = new CountSeries(CountSeries.Hour, new SharedBudget(0), 1);
        again.Unpack(series.Pack());
        Assert.Equal(Series, Convert.ToHexString(again.Pack()));
    }

    [Fact]
    public void Tracker_Packed_IsTheBytesOfTheFormat()
    {
        var tracker = Tracker();

        Assert.Equal(Units, Convert.ToHexString(tracker.PackUnits()));
        Assert.Equal(Trials, Convert.ToHexString(tracker.PackTrials()));
        var again = new TrialTracker(new SharedBudget(10));
        TrialTracker.Check(tracker.PackUnits(), tracker.PackTrials(), 3);
        again.Unpack(tracker.PackUnits(), tracker.PackTrials());
        Assert.Equal((3, 3), (again.Units, again.Open));
        Assert.Equal(Units, Convert.ToHexString(again.PackUnits()));
        Assert.Equal(Trials, Convert.ToHexString(again.PackTrials()));
    }

    [Fact]
    public void Tracker_CutOrContinued_IsRefused()
    {
        var (units, trials) = (Tracker().PackUnits(), Tracker().PackTrials());

        for (var length = 0; length < units.Length; length++)
        {
            Refused(units[..length], trials);
        }
        for (var length = 0; length < trials.Length; length++)
        {
            Refused(units, trials[..length]);
        }
        Refused([.. units, 0], trials);
        Refused(units, [.. trials, 0]);
    }

    [Fact]
    public void Number_LongerThanTenBytes_IsRefused()
    {
        byte[] endless = [.. Enumerable.Repeat((byte)0x80, 11)];

        Refused(endless, Tracker().PackTrials());
        Assert.Throws<InvalidDataException>(() => new CountSeries(CountSeries.Hour, new SharedBudget(0), 1).Unpack(endless));
    }

    private static TrialTracker Tracker()
    {
        var tracker = new TrialTracker(new SharedBudget(10));
        // Later, then earlier: the difference of the two times is negative.
        tracker.Expose(ulong.MaxValue, new OpenTrial(0, 5_000, 1, Noon, Noon + CountSeries.Day, false));
        tracker.Expose(1, new OpenTrial(1, 127, 128, Noon - 1, Noon, false));
        tracker.Expose(0x0102_0304_0506_0708, new OpenTrial(2, 10_000, int.MaxValue, -5, 0, true));
        return tracker;
    }

    private static void Refused(byte[] units, byte[] trials) =>
        Assert.Throws<InvalidDataException>(() => TrialTracker.Check(units, trials, 3));
}
