using System.Net;
using System.Net.Sockets;
using Edge.LoadTests.Scenarios;

namespace Edge.LoadTests.Generation;

/// <summary>One connection with at most one request under way. For one thread.</summary>
internal sealed class Connection(int key) : IDisposable
{
    private const int SmallestBuffer = 4_096;

    // An answer that is longer is not one that a scenario asks for.
    private const int AnswerBytesMax = 4 << 20;

    private Socket? _socket;
    private byte[] _sending = new byte[SmallestBuffer];
    private int _toSend;
    private int _sent;
    private byte[] _received = new byte[SmallestBuffer];
    private int _length;

    /// <summary>What epoll calls it.</summary>
    public int Key => key;

    /// <summary>The request under way; null when it is idle.</summary>
    public LoadRequest? Request { get; private set; }

    public long Number { get; private set; }

    /// <summary>When the request was meant to begin.</summary>
    public long Intended { get; private set; }

    /// <summary>Whether the request is one of a copy, which asks again when it has its answer.</summary>
    public bool IsOfCopy { get; private set; }

    public bool IsOpen => _socket is not null;

    /// <summary>Begins to connect; what goes wrong is found when the request is sent.</summary>
    public void Open(EndPoint address, Epoll epoll)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            Blocking = false,
        };
        try
        {
            socket.Connect(address);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // It says so when it is done.
        }
        catch (SocketException)
        {
            socket.Dispose();
            return;
        }

        epoll.Watch(socket, key);
        _socket = socket;
    }

    /// <summary>Sends a request, or as much of it as the socket takes now.</summary>
    /// <returns>What went wrong; null when nothing did.</returns>
    public string? Send(LoadRequest request, NumberedBytes bytes, long number, long intended, bool isOfCopy)
    {
        (Request, Number, Intended, IsOfCopy) = (request, number, intended, isOfCopy);
        if (_sending.Length < bytes.Length)
        {
            _sending = new byte[bytes.Length];
        }

        bytes.CopyTo(_sending, number);
        (_toSend, _sent, _length) = (bytes.Length, 0, 0);
        return _socket is null ? "no connection" : SendRest();
    }

    /// <summary>Goes on with what the socket is ready for.</summary>
    /// <param name="answer">The answer, once it is complete; valid until the next call.</param>
    /// <param name="isComplete">Whether it is.</param>
    /// <param name="isLast">Whether the connection is of no use any more.</param>
    /// <returns>What went wrong; null when nothing did.</returns>
    public string? Continue(out Answer answer, out bool isComplete, out bool isLast)
    {
        answer = default;
        (isComplete, isLast) = (false, false);
        if (_socket is null)
        {
            return null;
        }

        if (Request is not null && SendRest() is { } problem)
        {
            return problem;
        }

        while (true)
        {
            if (_length == _received.Length)
            {
                if (_length >= AnswerBytesMax)
                {
                    return "answer too long";
                }

                Array.Resize(ref _received, _length * 2);
            }

            var count = _socket.Receive(_received.AsSpan(_length), SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock || (error == SocketError.NotConnected && Request is null))
            {
                return null;
            }

            if (error != SocketError.Success)
            {
                return Describe(error);
            }

            if (count == 0)
            {
                return "closed by the server";
            }

            if (Request is null)
            {
                return "an answer to nothing";
            }

            var isFull = _length + count == _received.Length;
            _length += count;
            switch (ResponseReader.Read(_received.AsSpan(0, _length), out answer, out isLast))
            {
                case ResponseReader.State.Complete:
                    isComplete = true;
                    return null;
                case ResponseReader.State.Malformed:
                    return "not an answer of HTTP/1.1";
            }

            // The next one would only say that there is nothing; what comes later is announced.
            if (!isFull)
            {
                return null;
            }
        }
    }

    /// <summary>The request has come to its end.</summary>
    public void Release() => Request = null;

    public void Close()
    {
        _socket?.Dispose();
        _socket = null;
    }

    public void Dispose() => Close();

    private string? SendRest()
    {
        if (_sent == _toSend)
        {
            return null;
        }

        _sent += _socket!.Send(_sending.AsSpan(_sent, _toSend - _sent), SocketFlags.None, out var error);
        return error is SocketError.Success or SocketError.WouldBlock or SocketError.NotConnected
            ? null
            : Describe(error);
    }

    private static string Describe(SocketError error) =>
        error switch
        {
            SocketError.ConnectionRefused => "connection refused",
            SocketError.ConnectionReset => "connection reset",
            _ => $"connection: {error}",
        };
}
