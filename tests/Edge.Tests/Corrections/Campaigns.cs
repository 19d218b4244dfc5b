namespace Edge.Tests.Corrections;

/// <summary>
/// Simulated campaigns. Gateways follow the links of some messages in bursts that are distributed as published: 66.4 % begin
/// 20 to 60 s after the send, 28.3 % within five minutes, the rest later, with 2 to 40 links (craft-campaign issue 546, 836
/// bursts). What nobody has published is assumed, and said here: how people click, and what they share addresses with.
/// </summary>
internal sealed class Campaigns(int seed, bool areSigned, double tabOpeners = 0.03)
{
    private const double BehindGateway = 0.25;
    private const double Clicks = 0.30;

    private readonly Random _random = new(seed);

    /// <summary>The events of one campaign, in order; <see cref="Seen.Person"/> is the reader, -1 for a gateway.</summary>
    public List<Seen> Draw(int recipients, long sentMs, int number)
    {
        var events = new List<Seen>();
        // Log-uniform from 2 to 40.
        var links = (int)Math.Round(2 * Math.Exp(_random.NextDouble() * Math.Log(20)));
        for (var recipient = 0; recipient < recipients; recipient++)
        {
            var message = (ulong)(((long)number << 32) | (uint)(recipient + 1));
            // Four tenths of the people are in companies of a hundred behind one address.
            var address = _random.NextDouble() < 0.4 ? message / 100 | 1ul << 60 : message | 1ul << 61;
            if (_random.NextDouble() < BehindGateway)
            {
                Scan(events, sentMs, message, links);
            }

            if (_random.NextDouble() < Clicks)
            {
                Read(events, sentMs, message, address, recipient + (number * recipients), links);
            }
        }

        return [.. events.OrderBy(static e => e.Ms)];
    }

    private void Scan(List<Seen> events, long sentMs, ulong message, int links)
    {
        var begin = _random.NextDouble() switch
        {
            < 0.664 => Between(20_000, 60_000),
            < 0.947 => Between(60_000, 300_000),
            _ => Between(300_000, 3_600_000),
        };
        // A gateway has a few addresses; one in three spreads a message over them.
        var gateway = (ulong)_random.Next(1, 30) << 40;
        var spreads = _random.NextDouble() < 0.33;
        // Most follow all links within a second; some one after the other.
        var span = _random.NextDouble() < 0.85 ? _random.NextDouble() * 1_000 : links * Between(300, 1_800);
        for (var pass = _random.NextDouble() < 0.1 ? 2 : 1; pass > 0; pass--)
        {
            for (var link = 0; link < links; link++)
            {
                var at = sentMs + begin + (long)(span * link / links) + ((pass - 1) * 90_000);
                events.Add(Click(sentMs, at, link, message, gateway + (ulong)(spreads ? _random.Next(8) : 0), -1, "chrome"));
            }
        }
    }

    /// <summary>
    /// A person: half have opened the mail within two hours, one in six within five minutes; seven of ten follow one link;
    /// between two of them there are 15 s in the median, and about one for those who open tabs.
    /// </summary>
    private void Read(List<Seen> events, long sentMs, ulong message, ulong address, int person, int links)
    {
        var at = sentMs + (long)(7_200_000 * Math.Exp(Normal() * 3.1));
        var browser = _random.NextDouble() < 0.7 ? "chrome" : "safari";
        var opensTabs = _random.NextDouble() < tabOpeners;
        var clicks = _random.NextDouble() switch
        {
            < 0.7 => 1,
            < 0.88 => 2,
            _ => _random.Next(3, 9),
        };
        for (var i = 0; i < clicks; i++)
        {
            var link = _random.Next(links);
            events.Add(Click(sentMs, at, link, message, address, person, browser));
            if (_random.NextDouble() < 0.05)
            {
                // A double click, which is one request too many.
                events.Add(Click(sentMs, at + Between(120, 400), link, message, address, person, browser));
            }

            at += opensTabs ? (long)(950 * Math.Exp(Normal() * 0.5)) : 400 + (long)(15_000 * Math.Exp(Normal() * 1.2));
        }
    }

    private Seen Click(long sentMs, long ms, int link, ulong message, ulong address, int person, string browser) =>
        new()
        {
            Ms = ms,
            SentMs = sentMs,
            Link = $"link{link}",
            Message = areSigned ? message : 0,
            Unit = (message << 8) + (ulong)link + 1,
            Address = address,
            Browser = browser,
            Person = person,
        };

    private long Between(int from, int to) => _random.Next(from, to);

    private double Normal() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
