using Edge.Alerts;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Alerts;

/// <summary>The book of alerts, on disk.</summary>
public sealed class AlertBookTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Comparer<AlertCause> Comparer = Comparer<AlertCause>.Create(
        static (a, b) => string.CompareOrdinal($"{a}", $"{b}")
    );

    private readonly TempDirectory _data = new();

    public void Dispose() => _data.Dispose();

    /// <summary>
    /// Whatever holds when, and whenever the process ends: a cause that begins is one new alert with an id of its own,
    /// which stays until the cause is gone.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Book_AnySequenceOfStates_TellsEachBeginningOnce(int seed)
    {
        var random = new Random(seed);
        AlertCause[] causes =
        [
            new(AlertType.NoTraffic, "exp_1", ""),
            new(AlertType.NoTraffic, "exp_2", ""),
            new(AlertType.WinnerSuggested, "exp_1", "a"),
            new(AlertType.WinnerSuggested, "exp_1", "b"),
            new(AlertType.DestinationFailing, "exp_1", "https://shop.example/"),
        ];
        var book = Open();
        var (held, ids) = (new Dictionary<AlertCause, string>(), new HashSet<string>());
        for (var step = 0; step < 60; step++)
        {
            if (random.Next(5) == 0)
            {
                book = Open();
            }

            var holding = causes.Where(_ => random.Next(3) > 0).ToDictionary(cause => cause, cause => $"{cause}");
            var changes = book.Take(holding, Now.AddMinutes(step));

            Assert.Equal(holding.Keys.Except(held.Keys).Order(Comparer), changes.Begun.Select(a => a.Cause).Order(Comparer));
            Assert.Equal(held.Keys.Except(holding.Keys).Order(Comparer), changes.Ended.Select(a => a.Cause).Order(Comparer));
            Assert.All(changes.Begun, alert => Assert.True(ids.Add(alert.Id) && !alert.IsDelivered));
            foreach (var ended in changes.Ended)
            {
                held.Remove(ended.Cause);
            }

            foreach (var begun in changes.Begun)
            {
                held.Add(begun.Cause, begun.Id);
            }

            Assert.Equal(held.Values.Order(), book.Alerts.Select(alert => alert.Id).Order());
            var delivered = book.Alerts.Where(alert => alert.IsDelivered || random.Next(2) == 0).Select(a => a.Id).ToArray();
            foreach (var id in delivered)
            {
                book.MarkDelivered(id);
            }

            Assert.Equal(delivered.Order(), Open().Alerts.Where(alert => alert.IsDelivered).Select(alert => alert.Id).Order());
        }
    }

    [Fact]
    public void Book_MoreThanThereIsRoomFor_OmitsTheRestUntilThereIs()
    {
        var holding = Enumerable
            .Range(0, AlertBook.AlertsMax + 3)
            .ToDictionary(i => new AlertCause(AlertType.NoTraffic, $"exp_{i}", ""), _ => "quiet");
        var book = Open();

        Assert.Equal(3, book.Take(holding, Now).Omitted);
        Assert.Equal(AlertBook.AlertsMax, Open().Alerts.Count);
        foreach (var alert in book.Alerts.Take(10))
        {
            holding.Remove(alert.Cause);
        }

        var changes = book.Take(holding, Now);

        Assert.Equal((3, 10, 0), (changes.Begun.Count, changes.Ended.Count, changes.Omitted));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"alerts":null}""")]
    [InlineData("""{"alerts":[null]}""")]
    [InlineData("""{"alerts":[{"id":"x"}]}""")]
    [InlineData("""{"alerts":[{"id":null,"type":"no_traffic","uid":"u","subject":"","since":"2026-05-01T12:00:00.000Z","text":"","delivered":true}]}""")]
    [InlineData("""{"alerts":[{"id":"x","type":"other","uid":"u","subject":"","since":"2026-05-01T12:00:00.000Z","text":"","delivered":true}]}""")]
    [InlineData("""{"alerts":[{"id":"x","type":"no_traffic","uid":"u","subject":"","since":"today","text":"","delivered":true}]}""")]
    [InlineData("""{"alerts":[{"id":"x","type":"no_traffic","uid":"u","subject":"","since":"2026-05-01T12:00:00.000Z","text":"\ud800","delivered":true}]}""")]
    [InlineData("""{"alerts":[{"id":"x","type":"no_traffic","uid":"u","subject":"","since":"2026-05-01T12:00:00.000Z","text":"","delivered":1}]}""")]
    [InlineData("[]")]
    public void File_Damaged_IsSetAsideAndTheBookBeginsAnew(string content)
    {
        File.WriteAllText(_data[AlertBook.Name], content);
        Assert.False(AlertBook.Problem(_data.Path)!.Value.IsFatal);
        var reasons = new List<string>();

        Assert.Empty(AlertBook.Open(_data.Path, reasons.Add).Alerts);

        Assert.Single(reasons);
        Assert.Equal(content, File.ReadAllText(_data[AlertBook.SetAsideName]));
        Assert.Null(AlertBook.Problem(_data.Path));
    }

    [Fact]
    public void Book_DiskFails_ChangesNothingAndBeginsWhenItIsWellAgain()
    {
        var holding = new Dictionary<AlertCause, string> { [new AlertCause(AlertType.NoTraffic, "exp_1", "")] = "quiet" };
        var book = Open();
        Directory.CreateDirectory(_data[AlertBook.Name, "x"]);

        Assert.ThrowsAny<IOException>(() => book.Take(holding, Now));
        Assert.Empty(book.Alerts);
        Directory.Delete(_data[AlertBook.Name], recursive: true);

        Assert.Single(book.Take(holding, Now).Begun);
    }

    private AlertBook Open() => AlertBook.Open(_data.Path, reason => Assert.Fail(reason));
}
