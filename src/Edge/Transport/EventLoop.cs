using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Threading.Channels;
using Edge.Telemetry;

namespace Edge.Transport;

/// <summary>A connection that goes on to the server.</summary>
/// <param name="Socket">Its descriptor, which the receiver owns.</param>
/// <param name="Received">What has been received and not answered.</param>
/// <param name="Place">Its place among the open ones.</param>
internal readonly record struct HandedOver(int Socket, ReadOnlyMemory<byte> Received, ConnectionPlace Place);

/// <summary>What event loops have in common.</summary>
/// <param name="Table">Who may open a connection.</param>
/// <param name="KeepAlive">How long a connection may be idle.</param>
/// <param name="StallMax">How long a peer may not read its answers.</param>
/// <param name="Time">The clock.</param>
/// <param name="HandedOver">Where connections go that have asked for something else.</param>
internal sealed record LoopSettings(
    ConnectionTable Table,
    TimeSpan KeepAlive,
    TimeSpan StallMax,
    TimeProvider Time,
    ChannelWriter<HandedOver> HandedOver
);

/// <summary>
/// One thread that accepts connections of one listening socket and answers their requests in its <see cref="Lane"/>,
/// with one receive and one send for each: the sockets never block, and nothing else on the thread may. The first bytes
/// that are not the lane's take the connection to the server for good. An exception ends the loop and is reported to
/// the table. Only the methods for stopping are for other threads.
/// </summary>
internal sealed unsafe partial class EventLoop : IDisposable
{
    /// <summary>
    /// Received at once. More than nearly every request of a pixel has; what is handed over with a connection is copied,
    /// and of a body it should not be much. Also bounds the answers that one connection can cause before others have
    /// their turn.
    /// </summary>
    private const int ReceiveBytes = 4 << 10;

    private const int SendBytes = 32 << 10;

    /// <summary>Length of a date as HTTP writes it (RFC 9110 section 5.6.7).</summary>
    private const int DateBytes = 29;

    /// <summary>Accepted in a row before connections have their turn.</summary>
    private const int AcceptMax = 64;

    private const long ListenerNumber = -1;
    private const long SignalNumber = -2;

    /// <summary>How often the idle are looked for, and how long nothing is accepted after a shortage.</summary>
    private const int TickMs = 250;
    private const int ShortagePauseMs = 50;

    private readonly LoopSettings _settings;
    private readonly Socket _listener;
    private readonly int _listening;
    private readonly Lane _lane;
    private readonly RequestDurations _durations;
    private readonly PollSet _polled = new();
    private readonly int _signal = SocketCalls.OpenSignal();
    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly byte[] _received = GC.AllocateUninitializedArray<byte>(ReceiveBytes, pinned: true);
    private readonly byte[] _answers = GC.AllocateUninitializedArray<byte>(SendBytes, pinned: true);
    private readonly byte[] _date = new byte[DateBytes];
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _keepAlive;
    private readonly long _stallMax;

    /// <summary>By slot; a number is a slot and how often it was used, so that a late event finds nobody.</summary>
    private LaneConnection?[] _slots = new LaneConnection?[64];
    private readonly Stack<int> _freeSlots = new();
    private int _usedSlots;
    private uint _uses;

    /// <summary>The connections, the one that has been idle longest first.</summary>
    private LaneConnection? _first;
    private LaneConnection? _last;

    /// <summary>How many of them do not read their answers.</summary>
    private int _stalled;
    private long _now;
    private long _dateSecond = -1;
    private long _acceptAgainAt;
    private bool _isListening = true;
    private bool _isAccepting = true;
    private bool _isEnding;

    /// <param name="settings">What it shares with other loops.</param>
    /// <param name="listener">Its listening socket, which it owns.</param>
    /// <param name="lane">What it answers with.</param>
    /// <param name="name">Name of its thread.</param>
    public EventLoop(LoopSettings settings, Socket listener, LoopLane lane, string name)
    {
        _settings = settings;
        _listener = listener;
        listener.Blocking = false;
        _listening = (int)listener.Handle;
        _lane = lane.Lane;
        _durations = lane.Durations;
        _keepAlive = (long)(settings.KeepAlive.TotalSeconds * settings.Time.TimestampFrequency);
        _stallMax = (long)(settings.StallMax.TotalSeconds * settings.Time.TimestampFrequency);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
    }

    /// <summary>Completes when the thread has ended and every connection of the loop is closed or handed over.</summary>
    public Task Ended => _ended.Task;

    public void Start() => _thread.Start();

    /// <summary>Accepts what clients already take for open, and then no more.</summary>
    public void StopAccepting() => Command(CloseListener);

    /// <summary>Answers what has come, closes every connection and ends the thread.</summary>
    public void Stop() =>
        Command(() =>
        {
            CloseListener();
            _isEnding = true;
        });

    /// <summary>Once it has ended and nobody stops it any more.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _polled.Dispose();
        SocketCalls.Close(_signal);
    }

    private void Command(Action command)
    {
        _commands.Enqueue(command);
        SocketCalls.Signal(_signal);
    }

    private void Run()
    {
        try
        {
            _polled.Watch(_signal, SignalNumber);
            _polled.Watch(_listening, ListenerNumber);
            var nextTick = 0L;
            while (!_isEnding)
            {
                var count = _polled.Wait(TimeoutMs());
                ReadClock();
                for (var i = 0; i < count && !_isEnding; i++)
                {
                    Handle(_polled.NumberOf(i));
                }

                AcceptAgain();
                if (_now >= nextTick)
                {
                    nextTick = _now + Ticks(TickMs);
                    CloseIdle();
                }
            }

            CloseAll();
        }
        catch (Exception e)
        {
            _settings.Table.Fail(e);
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    private int TimeoutMs() => !_isAccepting ? ShortagePauseMs : _first is null ? Timeout.Infinite : TickMs;

    private void Handle(long number)
    {
        switch (number)
        {
            case ListenerNumber:
                Accept(AcceptMax);
                break;
            case SignalNumber:
                SocketCalls.ClearSignal(_signal);
                while (_commands.TryDequeue(out var command))
                {
                    command();
                }

                break;
            default:
                if (Find(number) is { } connection)
                {
                    Serve(connection);
                }

                break;
        }
    }

    private void Accept(int max)
    {
        for (var i = 0; i < max && _isListening && _isAccepting; i++)
        {
            var socket = SocketCalls.Accept(_listening, out var peer);
            if (socket >= 0)
            {
                Admit(socket, peer);
            }
            else if (SocketCalls.LastError is var error && error is SocketCalls.EAGAIN or SocketCalls.EINTR)
            {
                return;
            }
            else if (error is SocketCalls.EBADF or SocketCalls.EINVAL or SocketCalls.ENOTSOCK)
            {
                throw new SocketException(error);
            }
            else if (
                error is SocketCalls.EMFILE or SocketCalls.ENFILE or SocketCalls.ENOBUFS or SocketCalls.ENOMEM
            )
            {
                // Others may end and give some back; until then the kernel would wake the thread for nothing.
                _settings.Table.Relieve();
                _polled.Forget(_listening);
                _isAccepting = false;
                _acceptAgainAt = _now + Ticks(ShortagePauseMs);
                return;
            }
        }
    }

    private void AcceptAgain()
    {
        if (_isListening && !_isAccepting && _now >= _acceptAgainAt)
        {
            _isAccepting = true;
            _polled.Watch(_listening, ListenerNumber);
        }
    }

    private void Admit(int socket, in Requests.ClientAddress peer)
    {
        InjectAccept();
        if (_settings.Table.TryAdmit(peer) is not { } place)
        {
            SocketCalls.Close(socket);
            return;
        }

        var connection = new LaneConnection(socket, peer, place) { LastAt = _now };
        place.HoldBy(connection);
        Append(connection);
        // A request has mostly come with the connection.
        Receive(connection);
    }

    private void Serve(LaneConnection connection)
    {
        if (connection.Unsent.IsEmpty)
        {
            Receive(connection);
        }
        else
        {
            Resume(connection);
        }
    }

    /// <summary>Receives once and answers what came; closes at the end of the connection.</summary>
    private void Receive(LaneConnection connection)
    {
        int count;
        fixed (byte* buffer = _received)
        {
            count = SocketCalls.Receive(connection.Socket, buffer, ReceiveBytes);
        }

        if (count > 0)
        {
            Answer(connection, _received.AsMemory(0, count));
        }
        else if (count < 0 && SocketCalls.LastError is SocketCalls.EAGAIN or SocketCalls.EINTR)
        {
            Wait(connection);
        }
        else
        {
            Close(connection);
        }
    }

    /// <summary>Answers requests that were received together, in their order.</summary>
    private void Answer(LaneConnection connection, ReadOnlyMemory<byte> received)
    {
        var isLast = false;
        var isMine = true;
        var written = 0;
        var route = RouteName.Other;
        var answered = 0;
        while (!received.IsEmpty && !isLast && isMine)
        {
            if (SendBytes - written < LaneExchange.RoomBytesMin)
            {
                var isSent = Send(connection, written);
                Note(route, ref answered);
                if (!isSent)
                {
                    connection.Unanswered = received.ToArray();
                    return;
                }

                written = 0;
            }

            var exchange = new LaneExchange
            {
                Received = received.Span,
                Room = _answers.AsSpan(written),
                Peer = connection.Peer,
                Date = _date,
                IsDraining = _settings.Table.IsDraining || _isEnding,
            };
            InjectAnswer();
            var result = _lane(ref exchange);
            if (result == LaneResult.Failed)
            {
                Close(connection);
                return;
            }

            isMine = result != LaneResult.NotMine;
            isLast = result == LaneResult.AnsweredLast;
            if (isMine)
            {
                received = received[exchange.Consumed..];
                written += exchange.Written;
                if (exchange.Route != route)
                {
                    Note(route, ref answered);
                    route = exchange.Route;
                }

                answered++;
            }
        }

        connection.EndsWhenSent = isLast;
        if (written > 0)
        {
            MoveToEnd(connection);
            connection.Place.Answered(_now);
            var isSent = Send(connection, written);
            Note(route, ref answered);
            if (!isSent)
            {
                connection.Unanswered = isMine ? default : received.ToArray();
                return;
            }
        }

        if (!isMine)
        {
            HandOver(connection, received.ToArray());
        }
        else if (isLast)
        {
            Close(connection);
        }
        else
        {
            Wait(connection);
        }
    }

    /// <summary>
    /// Notes requests of one route that have been answered. They began, as far as anybody knows, when the loop woke up.
    /// </summary>
    private void Note(RouteName route, ref int answered)
    {
        if (answered > 0)
        {
            _durations.Record(route, _now, answered);
            answered = 0;
        }
    }

    /// <summary>Sends answers; false when the rest has to wait or the connection is closed.</summary>
    private bool Send(LaneConnection connection, int length)
    {
        int sent;
        fixed (byte* buffer = _answers)
        {
            sent = SocketCalls.Send(connection.Socket, buffer, length);
        }

        if (sent == length)
        {
            return true;
        }

        if (sent < 0 && SocketCalls.LastError is not (SocketCalls.EAGAIN or SocketCalls.EINTR))
        {
            Close(connection);
            return false;
        }

        connection.Unsent = _answers.AsSpan(Math.Max(0, sent)..length).ToArray();
        _stalled++;
        connection.Place.Begin();
        Wait(connection);
        _polled.Watch(connection.Socket, connection.Number, forRoom: true);
        return false;
    }

    /// <summary>Goes on with a peer that reads again.</summary>
    private void Resume(LaneConnection connection)
    {
        int sent;
        fixed (byte* buffer = connection.Unsent.Span)
        {
            sent = SocketCalls.Send(connection.Socket, buffer, connection.Unsent.Length);
        }

        if (sent < 0)
        {
            if (SocketCalls.LastError is not (SocketCalls.EAGAIN or SocketCalls.EINTR))
            {
                Close(connection);
            }

            return;
        }

        MoveToEnd(connection);
        connection.Unsent = connection.Unsent[sent..];
        if (!connection.Unsent.IsEmpty)
        {
            return;
        }

        _stalled--;
        connection.Place.End(_now);
        var unanswered = connection.Unanswered;
        connection.Unanswered = default;
        if (connection.EndsWhenSent)
        {
            Close(connection);
            return;
        }

        _polled.Watch(connection.Socket, connection.Number, forRoom: false);
        if (!unanswered.IsEmpty)
        {
            Answer(connection, unanswered);
        }
    }

    /// <summary>Has the kernel tell when the peer sends more.</summary>
    private void Wait(LaneConnection connection)
    {
        if (connection.Number >= 0)
        {
            return;
        }

        var slot = _freeSlots.TryPop(out var free) ? free : _usedSlots++;
        if (slot == _slots.Length)
        {
            Array.Resize(ref _slots, 2 * slot);
        }

        _slots[slot] = connection;
        connection.Number = ((long)(_uses++ & int.MaxValue) << 32) | (uint)slot;
        _polled.Watch(connection.Socket, connection.Number);
    }

    private LaneConnection? Find(long number) =>
        _slots[(int)(number & uint.MaxValue)] is { } connection && connection.Number == number ? connection : null;

    private void HandOver(LaneConnection connection, byte[] received)
    {
        Drop(connection);
        connection.Place.HoldBy(null);
        connection.Release();
        if (!_settings.HandedOver.TryWrite(new HandedOver(connection.Socket, received, connection.Place)))
        {
            // The server is gone.
            SocketCalls.Close(connection.Socket);
            _settings.Table.Remove(connection.Place);
        }
    }

    private void Close(LaneConnection connection)
    {
        Drop(connection);
        connection.Release();
        SocketCalls.Close(connection.Socket);
        _settings.Table.Remove(connection.Place);
    }

    /// <summary>Forgets a connection whose descriptor is about to go.</summary>
    private void Drop(LaneConnection connection)
    {
        Unlink(connection);
        _stalled -= connection.Unsent.IsEmpty ? 0 : 1;
        if (connection.Number < 0)
        {
            return;
        }

        _polled.Forget(connection.Socket);
        var slot = (int)(connection.Number & uint.MaxValue);
        _slots[slot] = null;
        _freeSlots.Push(slot);
    }

    private void CloseIdle()
    {
        while (_first is { } oldest && _now - oldest.LastAt > _keepAlive)
        {
            Close(oldest);
        }

        // Those that do not read their answers have less time, and stand anywhere in the list.
        for (var connection = _stalled > 0 ? _first : null; connection is not null;)
        {
            var next = connection.After;
            if (!connection.Unsent.IsEmpty && _now - connection.LastAt > _stallMax)
            {
                Close(connection);
            }

            connection = next;
        }
    }

    private void CloseListener()
    {
        if (!_isListening)
        {
            return;
        }

        Accept(int.MaxValue);
        _isListening = false;
        if (_isAccepting)
        {
            _polled.Forget(_listening);
        }

        _isAccepting = true;
        _listener.Dispose();
    }

    private void CloseAll()
    {
        ReadClock();
        while (_first is { } connection)
        {
            if (connection.Unsent.IsEmpty)
            {
                Receive(connection);
            }

            // Unless its last request has ended it or taken it to the server.
            if (ReferenceEquals(_first, connection))
            {
                Close(connection);
            }
        }
    }

    private void ReadClock()
    {
        _now = _settings.Time.GetTimestamp();
        var utc = _settings.Time.GetUtcNow();
        var second = utc.ToUnixTimeSeconds();
        if (second != _dateSecond)
        {
            _dateSecond = second;
            utc.TryFormat(_date, out _, "r", CultureInfo.InvariantCulture);
        }
    }

    private long Ticks(int milliseconds) => milliseconds * _settings.Time.TimestampFrequency / 1000;

    private void Append(LaneConnection connection)
    {
        connection.Before = _last;
        connection.After = null;
        if (_last is null)
        {
            _first = connection;
        }
        else
        {
            _last.After = connection;
        }

        _last = connection;
    }

    private void Unlink(LaneConnection connection)
    {
        if (connection.Before is null)
        {
            _first = connection.After;
        }
        else
        {
            connection.Before.After = connection.After;
        }

        if (connection.After is null)
        {
            _last = connection.Before;
        }
        else
        {
            connection.After.Before = connection.Before;
        }
    }

    private void MoveToEnd(LaneConnection connection)
    {
        connection.LastAt = _now;
        if (!ReferenceEquals(_last, connection))
        {
            Unlink(connection);
            Append(connection);
        }
    }

    /// <summary>Lets the fault build do what nothing on the thread may, at every connection.</summary>
    static partial void InjectAccept();

    /// <summary>The same, at every request.</summary>
    partial void InjectAnswer();
}
