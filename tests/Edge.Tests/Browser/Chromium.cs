using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Browser;

/// <summary>
/// A real browser without a window for all tests of a class, told what to do over the DevTools protocol; each page has
/// a profile of its own. Loopback traffic only, stopped by pid. Without Chromium the tests that need it are skipped.
/// </summary>
public sealed class Chromium : IAsyncLifetime
{
    private const string Binary = "/usr/bin/chromium";
    private const string Announcement = "DevTools listening on ";

    /// <summary>What a person's browser says: the name without a window would be taken for a robot's.</summary>
    private const string UserAgent =
        "Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

    private static readonly TimeSpan Patience = Wait.Limit;

    private readonly TempDirectory _profile = new();
    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonObject>> _waiting = new();
    private readonly ConcurrentDictionary<string, Page> _pages = new();
    private Process? _process;
    private Task _reading = Task.CompletedTask;
    private int _lastId;

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Binary))
        {
            return;
        }

        _process = Process.Start(
            new ProcessStartInfo(
                Binary,
                [
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                    "--remote-debugging-port=0",
                    "--user-data-dir=" + _profile.Path,
                    "--user-agent=" + UserAgent,
                    "about:blank",
                ]
            )
            {
                RedirectStandardError = true,
            }
        )!;
        await _socket.ConnectAsync(await AddressAsync(_process).WaitAsync(Patience), CancellationToken.None);
        _reading = ReadAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
            await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        _socket.Dispose();
        _sending.Dispose();
        _profile.Dispose();
    }

    /// <summary>
    /// Opens an empty page; <paramref name="before"/> runs in every document of it before the document's own scripts.
    /// </summary>
    internal async Task<Page> OpenAsync(string before = "")
    {
        Assert.SkipWhen(_process is null, $"needs {Binary}");
        var profile = (await CallAsync("Target.createBrowserContext", []))["browserContextId"]!.GetValue<string>();
        var target = await CallAsync(
            "Target.createTarget",
            new() { ["url"] = "about:blank", ["browserContextId"] = profile }
        );
        var attached = await CallAsync(
            "Target.attachToTarget",
            new() { ["targetId"] = target["targetId"]!.GetValue<string>(), ["flatten"] = true }
        );
        var page = new Page(this, attached["sessionId"]!.GetValue<string>(), profile);
        _pages[page.Session] = page;
        await page.CallAsync("Page.enable", []);
        await page.CallAsync("Runtime.enable", []);
        await page.CallAsync("Network.enable", []);
        if (before.Length > 0)
        {
            await page.CallAsync("Page.addScriptToEvaluateOnNewDocument", new() { ["source"] = before });
        }

        return page;
    }

    /// <summary>Sends one command and returns its result; throws with the browser's message when it refuses.</summary>
    internal async Task<JsonObject> CallAsync(string method, JsonObject parameters, string? session = null)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = _waiting[id] = new TaskCompletionSource<JsonObject>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        var command = new JsonObject
        {
            ["id"] = id,
            ["method"] = method,
            ["params"] = parameters,
        };
        if (session is not null)
        {
            command["sessionId"] = session;
        }

        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(
                JsonSerializer.SerializeToUtf8Bytes(command),
                WebSocketMessageType.Text,
                endOfMessage: true,
                CancellationToken.None
            );
        }
        finally
        {
            _sending.Release();
        }
        var message = await answer.Task.WaitAsync(Patience);
        if (message["error"] is { } error)
        {
            throw new InvalidOperationException($"{method}: {error.ToJsonString()}");
        }

        return (JsonObject)message["result"]!.DeepClone();
    }

    private static async Task<Uri> AddressAsync(Process process)
    {
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith(Announcement, StringComparison.Ordinal))
            {
                continue;
            }
            // Whatever it says from here on is of no interest, but it must not wait for a reader.
            _ = process.StandardError.ReadToEndAsync();
            return new Uri(line[Announcement.Length..]);
        }
        throw new InvalidOperationException("Chromium ended before it listened");
    }

    private async Task ReadAsync()
    {
        var part = new byte[65_536];
        var whole = new MemoryStream();
        while (true)
        {
            var received = await _socket.ReceiveAsync(part.AsMemory(), CancellationToken.None);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            whole.Write(part, 0, received.Count);
            if (!received.EndOfMessage)
            {
                continue;
            }

            var message = (JsonObject)JsonNode.Parse(whole.ToArray())!;
            whole.SetLength(0);
            if (message["id"] is { } id)
            {
                if (_waiting.TryRemove(id.GetValue<int>(), out var answer))
                {
                    answer.TrySetResult(message);
                }
            }
            else if (
                message["sessionId"] is { } session
                && _pages.TryGetValue(session.GetValue<string>(), out var page)
            )
            {
                page.Notice(message);
            }
        }
    }
}
