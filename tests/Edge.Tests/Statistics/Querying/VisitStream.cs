using System.Globalization;
using System.Text;

namespace Edge.Tests.Statistics.Querying;

/// <summary>
/// Random events of one experiment over some days as its nodes would store them: people and machines, repeated exposures,
/// late and early goals, clicks after midnight, weights that change while some nodes still serve the old ones.
/// </summary>
internal sealed class VisitStream
{
    private const int People = 140;

    /// <summary>Events of each day.</summary>
    private const int PerDay = 420;

    private static readonly string[] Countries = ["DE", "FR", "US", "JP", "", "BR", "IN"];
    private static readonly string[] Sources =
    [
        "google",
        "",
        "newsletter \"spring\"",
        "müller\\co",
        "a/b",
        // Longer than what has a row of its own.
        new string('x', 200),
    ];
    private static readonly string[] Verdicts =
    [
        "human",
        "human",
        "human",
        "human",
        "human",
        "proxy",
        "proxy",
        "unknown",
        "",
        "bot",
        "scanner",
        "prefetch",
    ];

    // What follows from the visits so far, later than what was drawn.
    private readonly List<VisitEvent> _pending = [];
    private readonly Random _random;
    private readonly string _uid;
    private readonly string _goal;
    private readonly double _window;

    public VisitStream(int seed, string uid, string goal, int windowMinutes)
    {
        _random = new Random(seed);
        _uid = uid;
        _goal = goal;
        _window = windowMinutes;
    }

    public static DateTimeOffset Start { get; } = new(2026, 5, 16, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Basis points of variant a by weights version; the others share the rest.</summary>
    public static int WeightOfA(int version) => (version * 1_700 % 7_000) + 1_500;

    /// <summary>Events between two moments, in the order of their ids.</summary>
    /// <param name="from">First moment.</param>
    /// <param name="to">Moment behind the last.</param>
    /// <param name="version">Weights version that is served; some nodes still have the one before.</param>
    public List<(string Id, byte[] Json)> Draw(DateTimeOffset from, DateTimeOffset to, int version)
    {
        var count = (int)(PerDay * (to - from).TotalDays);
        for (var i = 0; i < count; i++)
        {
            Visit(_pending, from, to, version);
        }
        var drawn = _pending.Where(e => e.At >= from && e.At < to).Select(Encoded).OrderBy(e => e.Id, StringComparer.Ordinal);
        List<(string, byte[])> events = [.. drawn];
        _pending.RemoveAll(e => e.At < to);
        return events;
    }

    private static (string Id, byte[] Json) Encoded(VisitEvent e)
    {
        var json = e.Encode();
        var text = Encoding.UTF8.GetString(json);
        return (text.Substring(text.IndexOf("\"id\":\"", StringComparison.Ordinal) + 6, 36), json);
    }

    private void Visit(List<VisitEvent> events, DateTimeOffset from, DateTimeOffset to, int version)
    {
        var person = _random.Next(1, People);
        var at = from + ((to - from) * _random.NextDouble());
        at = DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds());
        var served = version > 1 && _random.Next(5) == 0 ? version - 1 : version;
        var isA = person * 37 % 10_000 / 60 % 2 == 0;
        var shown = new VisitEvent
        {
            Uid = _uid,
            At = at,
            Unit = UnitOf(person, at),
            Type = _random.Next(6) == 0 ? "view" : "impression",
            Variant = isA ? "a" : "b",
            BasisPoints = isA ? WeightOfA(served) : 10_000 - WeightOfA(served),
            Version = served,
            Verdict = Pick(Verdicts),
            Country = Pick(Countries),
            Source = Pick(Sources),
            Device = _random.Next(3) == 0 ? "mobile" : "desktop",
            UnitIgnored = _random.Next(15) == 0 ? "merge_tag" : "",
            Synthetic = _random.Next(25) == 0 ? "check" : "",
        };
        shown = _random.Next(20) == 0 ? shown with { BasisPoints = 0 } : shown;
        if (_goal is "conversion" or "event" or "value" && _random.Next(30) == 0)
        {
            shown = shown with { Unit = 0, UnitIgnored = "aggregate" };
        }
        events.Add(shown);
        if (_random.Next(3) != 0)
        {
            Follow(events, shown, person);
        }
    }

    /// <summary>What follows an exposure: clicks and goals before, within and after its window.</summary>
    private void Follow(List<VisitEvent> events, VisitEvent shown, int person)
    {
        for (var i = _random.Next(1, 4); i > 0; i--)
        {
            var minutes = _random.Next(8) switch
            {
                0 => 0,
                1 => -_random.NextDouble() * _window,
                2 => _window + ((_random.NextDouble() - 0.5) / 3_000),
                3 => _window * (1 + _random.NextDouble()),
                _ => _random.NextDouble() * _window,
            };
            var at = DateTimeOffset.FromUnixTimeMilliseconds(shown.At.AddMinutes(minutes).ToUnixTimeMilliseconds());
            var isNextDay = at.Date != shown.At.Date;
            var click = shown with
            {
                Type = _goal == "conversion" && _random.Next(2) == 0 ? "conversion" : "click",
                At = at,
                Unit = shown.Unit == 0 ? 0 : UnitOf(person, at),
                PreviousUnit = shown.Unit != 0 && isNextDay ? shown.Unit : 0,
                Variant = _random.Next(40) == 0 ? "" : shown.Variant,
            };
            events.Add(click);
            if (_goal is "event" or "value" or "conversion" && _random.Next(2) == 0)
            {
                events.Add(Named(at, person, shown.Unit));
            }
        }
    }

    /// <summary>An event that reaches the goal by its name, under every hash that its sender may have.</summary>
    private VisitEvent Named(DateTimeOffset at, int person, ulong exposed)
    {
        ulong[] units = [UnitOf(person, at), UnitOf(_random.Next(1, People), at), UnitOf(person, at.AddDays(-1)), exposed];
        var hashes = string.Join(',', units.Where(u => u != 0).Select(u => $"\"{u:x16}\""));
        var value =
            _goal == "value"
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"\"value\":{(_random.Next(5) == 0 ? 0 : Math.Round(_random.NextDouble() * 100, 2))},"
                )
                : "";
        return new VisitEvent
        {
            Type = "track",
            Uid = "",
            Variant = "",
            BasisPoints = 0,
            At = at,
            Goals = $$"""[{"experiment_uid":"exp_another","unit_hashes":[{{hashes}}]},{"experiment_uid":"{{_uid}}",{{value}}"unit_hashes":[{{hashes}}]}]""",
            Synthetic = _random.Next(25) == 0 ? "check" : "",
        };
    }

    /// <summary>The hash of a person on a UTC day.</summary>
    private static ulong UnitOf(int person, DateTimeOffset at) =>
        unchecked(((ulong)person * 0x9e37_79b9_7f4a_7c15) ^ ((ulong)at.UtcDateTime.DayOfYear * 0xc2b2_ae3d_27d4_eb4f)) | 1;

    private string Pick(string[] from) => from[_random.Next(from.Length)];
}
