using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.BlackBox.Conformance;

/// <summary>
/// One native binary for the rows of one class, with keys of every kind. A row is one request, its answer, and what the
/// journal and the forwarded events say of it afterwards; rows of a class run one after the other.
/// </summary>
public partial class ConformanceEdge : IAsyncLifetime
{
    private const string ExpiredSuffix = "-expired";
    private const string RevokedSuffix = "-revoked";

    /// <summary>Every key and how it is made. The project of a key of Pictify is the team of its experiments.</summary>
    private static readonly (string Name, string Arguments)[] Keys =
    [
        ("pictify", "pictify"),
        ("pictify-other", "pictify --project other"),
        ("pictify-revoked", "pictify"),
        ("write", "write"),
        ("write-second", "write"),
        ("write-other", "write --project other"),
        ("write-expired", "write"),
        ("write-revoked", "write"),
        ("traffical", "traffical --organization org_acme --project proj_marketplace --environment production"),
        ("traffical-other", "traffical --project proj_other"),
        ("traffical-writer", "traffical --project proj_marketplace --scope sdk:write"),
        ("traffical-reader", "traffical --project proj_marketplace --scope sdk:read"),
        (
            "traffical-pk",
            "traffical-pk --project proj_marketplace --environment production --origin https://shop.example"
        ),
        ("traffical-expired", "traffical"),
        ("traffical-revoked", "traffical"),
        ("sk", "millimetric-sk --project shop"),
        ("sk-other", "millimetric-sk --project other"),
        ("sk-test", "millimetric-sk --project shop --environment test"),
        ("sk-third", "millimetric-sk --project third"),
        (
            "pk",
            "millimetric-pk --project shop --origin https://shop.example --origin https://shop.example:8443 --origin http://localhost:3000"
        ),
        ("pk-nowhere", "millimetric-pk --project shop"),
        ("rk", "millimetric-rk --project shop"),
        ("sk-reader", "millimetric-sk --project shop --scope query"),
        ("sk-ingest", "millimetric-sk --project shop --scope ingest"),
        ("sk-expired", "millimetric-sk"),
        ("sk-revoked", "millimetric-sk"),
        ("rk-revoked", "millimetric-rk"),
        ("artie", "artie --project shop"),
        ("artie-other", "artie --project other"),
        ("artie-expired", "artie"),
        ("artie-revoked", "artie"),
    ];

    private static readonly Lazy<Task<(string File, Dictionary<string, string> Secrets)>> Issued = new(IssueAsync);

    private readonly TempDirectory _data = new();
    private readonly Dictionary<string, string> _secrets = new(StringComparer.Ordinal);

    internal EdgeProcess Edge { get; private set; } = null!;

    internal string DataDir => _data.Path;

    internal IEnumerable<string> Secrets => _secrets.Values;

    /// <summary>What the service is started with.</summary>
    private protected virtual (string Name, string Value)[] Settings =>
        [("EDGE__CLIENTADDRESS__TRUSTEDPROXIES", "127.0.0.1")];

    public virtual async ValueTask InitializeAsync()
    {
        await TakeKeysAsync();
        Edge = await EdgeProcess.StartAsync(_data.Path, ["--demo"], Settings);
    }

    public async ValueTask DisposeAsync()
    {
        await Edge.DisposeAsync();
        _data.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The secret of a key; a name that is none is a secret itself.</summary>
    internal string SecretOf(string key) => _secrets.GetValueOrDefault(key, key);

    /// <summary>A body in which keys are named as <c>&lt;key&gt;</c>.</summary>
    internal byte[] WithSecrets(byte[] body) =>
        Encoding.UTF8.GetBytes(
            KeyInBody().Replace(Encoding.UTF8.GetString(body), name => SecretOf(name.Groups[1].Value))
        );

    /// <summary>Stops in an orderly way and starts again on the same data.</summary>
    internal async Task RestartAsync(bool isKilled)
    {
        if (isKilled)
        {
            await Edge.KillAsync();
        }
        else
        {
            Assert.Equal(0, await Edge.StopAsync());
        }

        await Edge.DisposeAsync();
        Edge = await EdgeProcess.StartAsync(_data.Path, ["--demo"], Settings);
    }

    /// <summary>Sends the request of a row and checks everything the row and its API's envelope say.</summary>
    internal async Task CheckAsync(Row row)
    {
        var before = await AppendedAsync();
        var answer = await SendAsync(row);
        var problems = new List<string>();
        if (answer.Status != row.Status)
        {
            problems.Add($"status {answer.Status}, not {row.Status}");
        }

        if (row.Answer is { } exact && exact != answer.Body)
        {
            problems.Add($"body is not {exact}");
        }

        if (row.Json is { } pattern && JsonPattern.Difference(pattern, answer.Body) is { } difference)
        {
            problems.Add(difference);
        }

        problems.AddRange(row.Answered.Select(answer.HeaderProblem).OfType<string>());
        problems.AddRange(Envelope.Problems(row, answer));
        var stored = await AppendedAsync() - before;
        if (stored != row.Stores)
        {
            problems.Add($"{stored} events stored, not {row.Stores}");
        }

        Assert.True(problems.Count == 0, $"{row.Rule}: {string.Join("; ", problems)}\n{answer}");
        if (row.Stored is not { } fact)
        {
            return;
        }

        var line = await ForwardedAsync(row.Word);
        if (JsonPattern.Difference(fact, line) is { } wrong)
        {
            Assert.Fail($"{row.Rule}: {wrong}\n{line}");
        }
    }

    internal Task<Answer> SendAsync(Row row) =>
        SendAsync(row.Method, row.Path, row.Key, row.Body, row.Type, row.Headers);

    internal Task<Answer> PostAsync(string path, string key, string body, params string[] headers) =>
        SendAsync("POST", path, key, Encoding.UTF8.GetBytes(body), "application/json", headers);

    internal async Task<Answer> SendAsync(
        string method,
        string path,
        string key,
        byte[] body,
        string type,
        params string[] headers
    )
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(method),
            KeyName().Replace(path, name => SecretOf(name.Groups[1].Value))
        );
        if (key.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {SecretOf(key)}");
        }

        if (method is not ("GET" or "HEAD" or "OPTIONS"))
        {
            request.Content = new ByteArrayContent(body);
        }

        if (type.Length > 0)
        {
            request.Content?.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        foreach (var header in headers)
        {
            var (name, value) = (
                header[..header.IndexOf(':', StringComparison.Ordinal)],
                header[(header.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            );
            value = KeyName().Replace(value, name => SecretOf(name.Groups[1].Value));
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }
        using var response = await Edge.Client.SendAsync(request);
        var all = response
            .Headers.Concat(response.Content.Headers)
            .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(), all);
    }

    /// <summary>The forwarded line that holds a word, as soon as it is there.</summary>
    internal async Task<string> ForwardedAsync(string word) =>
        (
            await Forwarded.WaitForAsync(DataDir, line => line.GetRawText().Contains(word, StringComparison.Ordinal))
        ).GetRawText();

    /// <summary>Every forwarded line that holds a word, after everything stored was forwarded.</summary>
    internal async Task<string[]> AllForwardedAsync(string word)
    {
        await Edge.UntilForwardedAsync();

        return [.. Forwarded.Lines(DataDir).Where(line => line.Contains(word, StringComparison.Ordinal))];
    }

    internal async Task<JsonElement> LedgerAsync()
    {
        using var ledger = JsonDocument.Parse(await Edge.Client.GetStringAsync("/ledger"));
        return ledger.RootElement.Clone();
    }

    /// <summary>
    /// Events appended so far, committed or not: an event is appended before its request is answered, so a row never
    /// sees the events of another one, whenever their commit comes.
    /// </summary>
    internal async Task<long> AppendedAsync()
    {
        var ledger = await LedgerAsync();
        return ledger.GetProperty("stored").GetInt64() + ledger.GetProperty("in_flight").GetInt64();
    }

    /// <summary>Creates an experiment of the key's team, brings it into a state and returns its uid.</summary>
    internal async Task<string> CreateExperimentAsync(string definition, string state = "start", string key = "pictify")
    {
        var created = await PostAsync("/experiments/api", key, definition);
        Assert.True(created.Status == 201, created.ToString());
        var uid = JsonNode.Parse(created.Body)!["experiment"]!["uid"]!.GetValue<string>();
        foreach (var action in state.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var moved = await PostAsync($"/experiments/api/{uid}/{action}", key, """{"winnerVariantId":"b"}""");
            Assert.True(moved.Status == 200, moved.ToString());
        }
        return uid;
    }

    /// <summary>A key named in an address or a header.</summary>
    [GeneratedRegex(@"\{([a-z-]+)\}")]
    private static partial Regex KeyName();

    [GeneratedRegex("<([a-z_-]+)>")]
    private static partial Regex KeyInBody();

    /// <summary>
    /// Puts the keys into the data directory; they are issued once for all classes, because each is a run of the
    /// command line.
    /// </summary>
    private async Task TakeKeysAsync()
    {
        var (file, secrets) = await Issued.Value;
        await File.WriteAllTextAsync(Path.Combine(_data.Path, "keys.json"), file);
        foreach (var (name, secret) in secrets)
        {
            _secrets[name] = secret;
        }
        // Secrets that look right and are not: of another kind, with another end.
        _secrets["sk-as-pk"] = "pk" + _secrets["sk"][2..];
        _secrets["pk-as-sk"] = "sk" + _secrets["pk"][2..];
        foreach (var key in new[] { "sk", "traffical", "artie", "write", "pictify" })
        {
            _secrets[key + "-wrong"] = _secrets[key][..^4] + "AAAA";
        }
    }

    private static async Task<(string File, Dictionary<string, string> Secrets)> IssueAsync()
    {
        using var data = new TempDirectory();
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, arguments) in Keys)
        {
            var (exitCode, output, error) = await EdgeProcess.RunAsync([
                "keys",
                "create",
                "--data-dir",
                data.Path,
                "--kind",
                .. arguments.Split(' '),
            ]);
            Assert.True(exitCode == 0, $"{name}: {error}");
            secrets[name] = output.Trim();
        }
        var keys = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(data.Path, "keys.json")))!;
        for (var i = 0; i < Keys.Length; i++)
        {
            if (Keys[i].Name.EndsWith(ExpiredSuffix, StringComparison.Ordinal))
            {
                keys["keys"]![i]!["expiresAt"] = "2026-01-01T00:00:00Z";
            }

            if (Keys[i].Name.EndsWith(RevokedSuffix, StringComparison.Ordinal))
            {
                keys["keys"]![i]!["revokedAt"] = "2026-01-01T00:00:00Z";
            }
        }
        return (keys.ToJsonString(), secrets);
    }
}

/// <summary>What came back of one request.</summary>
internal sealed record Answer(int Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public string Header(string name) => Headers.GetValueOrDefault(name, "");

    /// <summary>What is wrong about one header, as <see cref="Row.Answered"/> describes it.</summary>
    public string? HeaderProblem(string expected)
    {
        if (expected.StartsWith('!'))
        {
            return Headers.TryGetValue(expected[1..], out var value) ? $"there is {expected[1..]}: {value}" : null;
        }

        var colon = expected.IndexOf(':', StringComparison.Ordinal);
        var (name, wanted) = (expected[..colon], expected[(colon + 1)..].Trim());
        if (!Headers.TryGetValue(name, out var actual))
        {
            return $"no header {name}";
        }

        return
            wanted == "*"
            || wanted == actual
            || wanted.StartsWith('~') && actual.StartsWith(wanted[1..], StringComparison.Ordinal)
            ? null
            : $"{name} is {actual}, not {wanted}";
    }

    public override string ToString() =>
        $"{Status} {string.Join(" | ", Headers.Select(header => $"{header.Key}: {header.Value}"))}\n{Body}";
}
