using System.Globalization;
using System.Text;
using Edge.LoadTests.Scenarios;

namespace Edge.LoadTests.Generation;

/// <summary>A formatted request, or a part of one, and where its numbers stand. Immutable.</summary>
internal sealed class NumberedBytes
{
    private readonly byte[] _bytes;
    private readonly int[] _places;

    public NumberedBytes(string text)
    {
        _bytes = Encoding.UTF8.GetBytes(text);
        var mark = Encoding.ASCII.GetBytes(LoadRequest.Number);
        var places = new List<int>();
        for (var at = 0; _bytes.AsSpan(at).IndexOf(mark) is >= 0 and var found; at += found + mark.Length)
        {
            places.Add(at + found);
        }

        _places = [.. places];
    }

    public int Length => _bytes.Length;

    /// <summary>How many numbers it takes.</summary>
    public int Numbers => _places.Length;

    /// <summary>Copies it with numbers from <paramref name="first"/> on.</summary>
    public void CopyTo(Span<byte> destination, long first)
    {
        _bytes.CopyTo(destination);
        foreach (var place in _places)
        {
            _ = first++.TryFormat(destination[place..], out _, "D12", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A request of HTTP/1.1, head and body.</summary>
    public static NumberedBytes Http1(LoadRequest request, string host)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{request.Method} {request.Target} HTTP/1.1\r\nHost: {host}\r\n");
        foreach (var (name, value) in request.Headers)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        if (request.Body is { } body)
        {
            text.Append(CultureInfo.InvariantCulture, $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n");
        }

        return new NumberedBytes(text.Append("\r\n").Append(request.Body).ToString());
    }
}
