using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Edge.Tests.Support;

namespace Edge.Tests.Browser;

/// <summary>One page of <see cref="Chromium"/> with cookies and storage of its own; closed with its profile.</summary>
internal sealed class Page(Chromium browser, string session, string profile) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = Wait.Limit;

    private readonly Channel<string> _console = Channel.CreateUnbounded<string>();
    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly ConcurrentQueue<string> _questions = new();
    private readonly Channel<bool> _failures = Channel.CreateUnbounded<bool>();
    private volatile TaskCompletionSource _loaded = new();

    /// <summary>Name of the page in the protocol.</summary>
    public string Session => session;

    /// <summary>
    /// Errors of scripts and, where its log is followed, whatever the browser refused, such as what the page's own policy
    /// forbids. Answers of servers are no complaints.
    /// </summary>
    public IEnumerable<string> Complaints => _complaints;

    /// <summary>What the page has asked in the browser's own dialogs, each answered with yes.</summary>
    public IEnumerable<string> Questions => _questions;

    /// <summary>
    /// Goes to an address as a link would and waits until everything is loaded; the page that was there is left.
    /// </summary>
    public async Task GoToAsync(string url)
    {
        var loaded = _loaded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await CallAsync("Page.navigate", new() { ["url"] = url });
        await loaded.Task.WaitAsync(Patience);
    }

    /// <summary>Follows a link of the page and waits until everything behind it is loaded.</summary>
    public async Task FollowAsync(string url)
    {
        var loaded = _loaded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await RunAsync($"void (location.href = '{url}')");
        await loaded.Task.WaitAsync(Patience);
    }

    /// <summary>
    /// Runs an expression in the page, waits for its promise and returns the value as text; throws what the script
    /// throws.
    /// </summary>
    public async Task<string> RunAsync(string expression)
    {
        var answer = await CallAsync(
            "Runtime.evaluate",
            new()
            {
                ["expression"] = expression,
                ["awaitPromise"] = true,
                ["returnByValue"] = true,
                ["userGesture"] = true,
            }
        );
        if (answer["exceptionDetails"] is { } thrown)
        {
            throw new InvalidOperationException(thrown.ToJsonString());
        }

        return answer["result"]!["value"]?.ToString() ?? "";
    }

    /// <summary>Waits until a script has written a line to the console that begins so; returns it.</summary>
    public async Task<string> HearAsync(string beginning)
    {
        while (true)
        {
            var line = await _console.Reader.ReadAsync().AsTask().WaitAsync(Patience);
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                return line;
            }
        }
    }

    /// <summary>Waits until this many requests of the page, from now on or before, could not reach a server.</summary>
    public async Task FailAsync(int requests)
    {
        for (var i = 0; i < requests; i++)
        {
            await _failures.Reader.ReadAsync().AsTask().WaitAsync(Patience);
        }
    }

    public Task<JsonObject> CallAsync(string method, JsonObject parameters) =>
        browser.CallAsync(method, parameters, session);

    /// <summary>Takes note of what the browser says about the page.</summary>
    public void Notice(JsonObject message)
    {
        switch (message["method"]!.GetValue<string>())
        {
            case "Page.loadEventFired":
                _loaded.TrySetResult();
                break;
            case "Runtime.exceptionThrown":
                _complaints.Enqueue(message["params"]!["exceptionDetails"]!.ToJsonString());
                break;
            case "Log.entryAdded":
                var entry = message["params"]!["entry"]!;
                if (entry["source"]!.GetValue<string>() != "network" && entry["level"]!.GetValue<string>() is "error" or "warning")
                {
                    _complaints.Enqueue(entry.ToJsonString());
                }

                break;
            case "Runtime.consoleAPICalled":
                if (message["params"]!["type"]!.GetValue<string>() is "error" or "warning" or "assert")
                {
                    _complaints.Enqueue(message["params"]!["args"]!.ToJsonString());
                }

                _console.Writer.TryWrite(
                    string.Join(' ', message["params"]!["args"]!.AsArray().Select(part => part!["value"]?.ToString()))
                );
                break;
            case "Page.javascriptDialogOpening":
                _questions.Enqueue(message["params"]!["message"]!.GetValue<string>());
                _ = CallAsync("Page.handleJavaScriptDialog", new() { ["accept"] = true });
                break;
            case "Network.loadingFailed":
                _failures.Writer.TryWrite(true);
                break;
        }
    }

    public async ValueTask DisposeAsync() =>
        await browser.CallAsync("Target.disposeBrowserContext", new() { ["browserContextId"] = profile });
}
