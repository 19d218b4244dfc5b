using System.Text.Json;
using Edge.Alerts;
using Edge.Catalog;
using Edge.Experiments;
using Edge.Forwarding.Http;
using Edge.Journal.Records;
using Edge.Statistics.Counting;
using Edge.Statistics.Optimization;
using Edge.Tests.Statistics;
using Edge.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Edge.Tests.Alerts;

/// <summary>Alerts from what a real tally has counted, to a real receiver.</summary>
public sealed class AlerterTests : IAsyncLifetime
{
    private readonly TempDirectory _data = new();
    private readonly TestClock _clock = new(VisitEvent.Noon.AddHours(1));
    private readonly LogLines _log = new();
    private TestJournal _journal = null!;
    private ExperimentFileStore _store = null!;
    private Tally _tally = null!;
    private HttpReceiver _receiver = null!;
    private Alerter _alerter = null!;
    private int _events;

    public async ValueTask InitializeAsync()
    {
        _receiver = await HttpReceiver.StartAsync();
        _journal = TestJournal.Open(_data["journal"]);
        Directory.CreateDirectory(_data["experiments"]);
        await File.WriteAllTextAsync(
            _data["experiments", "slug.json"],
            """
            {"uid":"exp_abc123","slug":"slug","type":"ab_test","name":"Spring","status":"running","runningSince":"2026-05-16T11:00:00.000Z",
             "variants":[{"id":"a","weight":5000},{"id":"b","name":"Video","weight":5000}],
             "goalConfig":{"type":"click_through","destinationUrl":"https://example.com/"},
             "createdAt":"2026-05-01T00:00:00.000Z","updatedAt":"2026-05-01T00:00:00.000Z"}
            """
        );
        _store = ExperimentFileStore.Open(_data["experiments"], ExperimentRules.Default, _clock, _ => { });
        var options = new TallyOptions { Directory = _data.Path, CursorPath = _data["cursors", "tally"] };
        _tally = Tally.Open(options, _journal.Journal, _store.Catalog, _clock, NullLogger.Instance);
        _alerter = new Alerter(
            new AlerterOptions(TimeSpan.FromMinutes(1), TimeSpan.FromHours(24)),
            _store.Catalog,
            _tally,
            AlertBook.Open(_data.Path, reason => Assert.Fail(reason)),
            destinations: null,
            new AlertWebhook(
                new AlertWebhookOptions(_receiver.Url, "", new HttpTransportOptions { AllowsPrivate = true }),
                _clock
            ),
            _clock,
            _log
        );
    }

    public async ValueTask DisposeAsync()
    {
        _alerter.Dispose();
        _tally.Dispose();
        _store.Dispose();
        await _journal.DisposeAsync();
        await _receiver.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task Look_RatioIsWrong_TellsItOnceInTheWordsOfTheResults()
    {
        Count(ofA: 400, ofB: 200);

        await LookAndDeliverAsync();
        await LookAndDeliverAsync();

        var message = Message(Assert.Single(_receiver.All));
        Assert.Equal("experiment.sample_ratio_mismatch", message.Text("type"));
        Assert.Equal("Spring", message.GetProperty("experiment").Text("name"));
        var results = ExperimentTally.ResultsOf(
            _store.Catalog.Current.Entries[0].Experiment,
            _tally,
            _clock.GetUtcNow()
        );
        Assert.Equal($"Spring: {results.SampleRatioMismatch.Warning}", message.Text("text"));
        Assert.False(message.TryGetProperty("variant", out _));
        Assert.Equal([900], _log.Ids);
    }

    [Fact]
    public async Task Look_WinnerChanges_TellsEachWinner()
    {
        Count(ofA: 300, ofB: 300);
        await LookAndDeliverAsync();
        Assert.Empty(_receiver.All);

        foreach (var winner in new[] { "a", "a", "b", null, "b" })
        {
            var suggested = winner;
            _tally.Update(
                "exp_abc123",
                ref suggested,
                static (ExperimentCounter counter, ref string? variant) =>
                {
                    counter.Watch = WinnerWatch.Empty with { SuggestedWinner = variant };
                    return true;
                }
            );
            await LookAndDeliverAsync();
        }

        var messages = _receiver.All.Select(Message).ToArray();
        Assert.Equal(["a", "b", "b"], messages.Select(message => message.Text("variant")));
        Assert.Equal(3, messages.Select(message => message.Text("id")).Distinct().Count());
        Assert.All(messages, message => Assert.Equal("experiment.winner_suggested", message.Text("type")));
        Assert.StartsWith("Spring: Video is suggested as the winner.", messages[^1].Text("text"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Look_TrafficStopsAndComesBack_TellsItWhenItStopsAgain()
    {
        Count(ofA: 20, ofB: 20);
        _clock.Advance(TimeSpan.FromHours(30));
        await LookAndDeliverAsync();
        await LookAndDeliverAsync();
        Assert.Equal("experiment.no_traffic", Message(Assert.Single(_receiver.All)).Text("type"));

        Count(ofA: 1, ofB: 0, minutes: 31 * 60);
        await LookAndDeliverAsync();
        Assert.Empty(_alerter.Alerts);
        _clock.Advance(TimeSpan.FromHours(30));
        await LookAndDeliverAsync();

        Assert.Equal(2, _receiver.All.Select(one => Message(one).Text("id")).Distinct().Count());
        Assert.Equal([900, 901, 900], _log.Ids);
    }

    [Fact]
    public async Task Deliver_ReceiverRefuses_SendsTheSameAgainUntilItIsTaken()
    {
        _clock.Advance(TimeSpan.FromHours(30));
        foreach (var status in new[] { 503, 503, 404, -1 })
        {
            _receiver.Script = _ => new ScriptedAnswer(status, Takes: false);
            await LookAndDeliverAsync();
        }

        _receiver.Script = static _ => ScriptedAnswer.Ok;
        await LookAndDeliverAsync();
        await LookAndDeliverAsync();

        Assert.Equal(5, _receiver.All.Length);
        Assert.Single(_receiver.All.Select(request => request.Text).Distinct());
        Assert.Equal((1, 4), (_alerter.Delivered, _alerter.Failed));
        // Each change of the reason, and the end.
        Assert.Equal([900, 902, 902, 902, 903], _log.Ids);
    }

    private async Task LookAndDeliverAsync()
    {
        _alerter.Look();
        await _alerter.DeliverAsync(CancellationToken.None);
    }

    private static JsonElement Message(ReceivedRequest request) => JsonDocument.Parse(request.Text).RootElement;

    private void Count(int ofA, int ofB, double minutes = 0)
    {
        var batch = new RecordBatch();
        batch.Clear(default);
        for (var i = 0; i < ofA + ofB; i++)
        {
            _events++;
            var e = VisitEvent.Impression((ulong)_events, minutes, i < ofA ? "a" : "b");
            batch.Add(
                new Edge.Events.EventId((ulong)e.At.ToUnixTimeMilliseconds() << 16, 0),
                _events,
                e.Encode(),
                new JournalCursor(_events * 512, _events)
            );
        }

        Assert.True(_tally.DeliverAsync(batch, CancellationToken.None).IsCompletedSuccessfully);
    }
}
