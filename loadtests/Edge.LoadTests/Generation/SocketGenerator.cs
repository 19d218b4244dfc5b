using System.Net;
using Edge.LoadTests.Scenarios;
using Edge.LoadTests.Simulations;

namespace Edge.LoadTests.Generation;

/// <summary>
/// HTTP/1.1 without TLS, made to cost little: each thread has its own connections and waits for all of them at once.
/// Requests are formatted once and sent often. Connections are opened as they are needed; when all are busy, what is
/// due waits its turn, and its latency has begun.
/// </summary>
internal sealed class SocketGenerator : IGenerator
{
    // Numbers of different threads never meet.
    private const long NumbersOfAThread = 10_000_000_000;
    private const long LookAtCopies = 10_000_000;
    private const long LookAtTimeouts = 100_000_000;
    private const long BetweenRetries = 10_000_000;

    private readonly GeneratorOptions _options;
    private readonly Recorder[] _recorders;
    private Sender[] _senders = [];

    public SocketGenerator(GeneratorOptions options)
    {
        _options = options;
        _recorders = [.. Enumerable.Range(0, options.Threads).Select(_ => new Recorder(Nanoseconds(options.WarmUp)))];
    }

    public IReadOnlyList<Recorder> Recorders => _recorders;

    public async Task RunAsync(Scenario scenario, LoadPlan plan, long start, CancellationToken cancellation)
    {
        var address = await ResolveAsync(_options.Address, cancellation);
        _senders =
        [
            .. _recorders.Select(
                (recorder, thread) => new Sender(_options, address, scenario, plan, thread, recorder)
            ),
        ];
        await Task.WhenAll(
            _senders.Select(sender =>
                Task.Factory.StartNew(
                    () => sender.Run(start, cancellation),
                    CancellationToken.None,
                    TaskCreationOptions.LongRunning,
                    TaskScheduler.Default
                )
            )
        );
    }

    public void Dispose()
    {
        foreach (var sender in _senders)
        {
            sender.Dispose();
        }
    }

    private static long Nanoseconds(TimeSpan time) => (long)(time.TotalSeconds * 1e9);

    private static async Task<IPEndPoint> ResolveAsync(Uri address, CancellationToken cancellation)
    {
        var found = await Dns.GetHostAddressesAsync(address.IdnHost, cancellation);
        return new IPEndPoint(found[0], address.Port);
    }

    /// <summary>What one thread does.</summary>
    private sealed class Sender : IDisposable
    {
        private readonly EndPoint _address;
        private readonly Scenario _scenario;
        private readonly LoadPlan _plan;
        private readonly int _thread;
        private readonly int _threads;
        private readonly string _host;
        private readonly long _timeout;
        private readonly long _warmUp;
        private readonly Recorder _recorder;
        private readonly CopyPace _pace;
        private readonly Epoll _epoll = new();
        private readonly Connection[] _connections;

        // The one that was free last is the next, so that no more are open than are needed.
        private readonly Stack<Connection> _idle = new();
        private readonly Queue<(long Intended, bool IsOfCopy)> _due = new();
        private readonly Dictionary<LoadRequest, NumberedBytes> _formatted = new(ReferenceEqualityComparer.Instance);
        private readonly Random _random;
        private long _number;
        private int _copiesAtWork;
        private long _connectAfter;

        // When something was last due and no connection to be had.
        private long _allBusyAt = -1;

        public Sender(
            GeneratorOptions options,
            EndPoint address,
            Scenario scenario,
            LoadPlan plan,
            int thread,
            Recorder recorder
        )
        {
            (_address, _scenario, _plan, _thread, _threads) = (address, scenario, plan, thread, options.Threads);
            _host = options.Address.Authority;
            (_timeout, _warmUp) = (Nanoseconds(options.Timeout), Nanoseconds(options.WarmUp));
            _recorder = recorder;
            _pace = new CopyPace(options.CopyRateMax / options.Threads);
            _random = new Random(options.Seed + thread);
            _number = 1 + (thread * NumbersOfAThread);
            var count =
                (options.Connections / options.Threads) + (thread < options.Connections % options.Threads ? 1 : 0);
            _connections = [.. Enumerable.Range(0, count).Select(static key => new Connection(key))];
            for (var i = count - 1; i >= 0; i--)
            {
                _idle.Push(_connections[i]);
            }
        }

        /// <summary>Times of the loop are nanoseconds since the start.</summary>
        public void Run(long start, CancellationToken cancellation)
        {
            Epoll.SharpenTimers();
            using var arrivals = _plan.Arrivals(_thread, _threads).GetEnumerator();
            var next = arrivals.MoveNext() ? arrivals.Current : long.MaxValue;
            var lookAtTimeouts = 0L;
            Span<int> ready = stackalloc int[256];
            while (true)
            {
                var now = Clock.Now - start;
                var isEnding = now >= _plan.Length || cancellation.IsCancellationRequested;
                if (cancellation.IsCancellationRequested)
                {
                    next = long.MaxValue;
                    _due.Clear();
                }

                for (; next <= now; next = arrivals.MoveNext() ? arrivals.Current : long.MaxValue)
                {
                    Due(next, isOfCopy: false);
                }

                var copies = isEnding ? 0 : _plan.CopiesAt(now, _thread, _threads);
                for (; _copiesAtWork < copies && _pace.MayBegin(now); _copiesAtWork++)
                {
                    Due(now, isOfCopy: true);
                }

                SendDue(start, now);
                if (now >= lookAtTimeouts)
                {
                    EndLate(now);
                    lookAtTimeouts = now + LookAtTimeouts;
                }

                if (isEnding && next == long.MaxValue && _due.Count == 0 && _idle.Count == _connections.Length)
                {
                    return;
                }

                var wake = Math.Min(next, lookAtTimeouts);
                wake = _plan.CopiesMax > 0 ? Math.Min(wake, now + LookAtCopies) : wake;
                wake = _copiesAtWork < copies ? Math.Min(wake, _pace.Next) : wake;
                wake = _due.Count > 0 && _idle.Count > 0 ? Math.Min(wake, now + BetweenRetries) : wake;
                var count = _epoll.Wait(Math.Max(0, wake - (Clock.Now - start)), ready);
                foreach (var key in ready[..count])
                {
                    Continue(_connections[key], start);
                }
            }
        }

        public void Dispose()
        {
            foreach (var connection in _connections)
            {
                connection.Dispose();
            }

            _epoll.Dispose();
        }

        private void Due(long at, bool isOfCopy)
        {
            _recorder.Intended(at);
            _due.Enqueue((at, isOfCopy));
        }

        private void SendDue(long start, long now)
        {
            while (_due.TryPeek(out var due) && _idle.TryPeek(out var connection))
            {
                if (!connection.IsOpen)
                {
                    // A server that is down is asked again a hundred times a second, not as often as the loop goes
                    // round.
                    if (now < _connectAfter)
                    {
                        _allBusyAt = now;
                        return;
                    }

                    connection.Open(_address, _epoll);
                }

                _ = _due.Dequeue();
                _ = _idle.Pop();
                var request = _scenario.Next(_random, TimeSpan.FromTicks((due.Intended - _warmUp) / 100));
                if (!_formatted.TryGetValue(request, out var bytes))
                {
                    _formatted[request] = bytes = NumberedBytes.Http1(request, _host);
                }

                var number = _number;
                _number += bytes.Numbers;
                var problem = connection.Send(request, bytes, number, due.Intended, due.IsOfCopy);
                _recorder.Sent(due.Intended, Clock.Now - start, waitedForConnection: due.Intended <= _allBusyAt);
                if (problem is not null)
                {
                    Break(connection, Clock.Now - start, Fate.Broken, problem);
                }
            }

            if (_due.Count > 0)
            {
                _allBusyAt = now;
            }
        }

        private void Continue(Connection connection, long start)
        {
            var problem = connection.Continue(out var answer, out var isComplete, out var isLast);
            if (problem is not null)
            {
                Break(connection, Clock.Now - start, Fate.Broken, problem);
            }
            else if (isComplete)
            {
                var now = Clock.Now - start;
                var wrong = connection.Request!.Check(answer, connection.Number);
                var fate = Fates.Of(wrong, answer.Status);
                if (isLast)
                {
                    connection.Close();
                }

                End(connection, now, fate, wrong);
            }
        }

        private void Break(Connection connection, long now, Fate fate, string problem)
        {
            connection.Close();
            if (fate == Fate.Broken)
            {
                _connectAfter = now + BetweenRetries;
            }

            if (connection.Request is not null)
            {
                End(connection, now, fate, problem);
            }
        }

        private void End(Connection connection, long now, Fate fate, string? problem)
        {
            _recorder.Ended(connection.Request!, connection.Number, connection.Intended, now, fate, problem);
            _copiesAtWork -= connection.IsOfCopy ? 1 : 0;
            connection.Release();
            _idle.Push(connection);
        }

        /// <summary>Gives up what has waited too long: for an answer, or for a connection.</summary>
        private void EndLate(long now)
        {
            foreach (var connection in _connections)
            {
                if (connection.Request is not null && now - connection.Intended > _timeout)
                {
                    Break(connection, now, Fate.TimedOut, "no answer in time");
                }
            }

            while (_due.TryPeek(out var due) && now - due.Intended > _timeout)
            {
                _ = _due.Dequeue();
                _copiesAtWork -= due.IsOfCopy ? 1 : 0;
                _recorder.NotSent(due.Intended, now);
            }
        }
    }
}
