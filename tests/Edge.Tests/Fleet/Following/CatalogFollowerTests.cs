using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Edge.Access;
using Edge.Enrichment.Verdicts;
using Edge.Fleet;
using Edge.Fleet.Following;
using Edge.Storage;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Fleet.Following;

/// <summary>An edge's side of the catalog against origins that do all manner of things.</summary>
public sealed class CatalogFollowerTests : IAsyncLifetime
{
    private static readonly CatalogItem Verdicts = ItemCodec.Of(VerdictRuleOptions.Default);
    private static readonly CatalogItem Spring = ItemCodec.Of(Definitions.Running("spring"));
    private static readonly CatalogItem Summer = ItemCodec.Of(Definitions.Running("summer"));
    private static readonly EditionDocument Good = Definitions.Edition(10, Verdicts, Spring);
    private static readonly EditionDocument Better = Definitions.Edition(12, Verdicts, Spring, Summer);

    private readonly TempDirectory _data = new();
    private readonly LogLines _log = new();
    private readonly List<CatalogFollower> _followers = [];
    private readonly ConcurrentQueue<string> _problems = new();
    private ScriptedOrigin _origin = null!;

    /// <summary>What an origin could send, and the kind of fault it is.</summary>
    public static TheoryData<string, int> Faults() =>
        new()
        {
            { "older", (int)EditionFault.Older },
            { "same version, other content", (int)EditionFault.Older },
            { "other fleet", (int)EditionFault.Foreign },
            { "other secret", (int)EditionFault.Foreign },
            { "version changed behind the signature", (int)EditionFault.Foreign },
            { "more items than were signed", (int)EditionFault.Foreign },
            { "more bytes than were signed", (int)EditionFault.Foreign },
            { "longer lines than were signed", (int)EditionFault.Damaged },
            { "changes without end", (int)EditionFault.Damaged },
            { "too large for the memory", (int)EditionFault.TooLarge },
            { "version beyond the largest", (int)EditionFault.Damaged },
            { "version below zero", (int)EditionFault.Damaged },
            { "no rules of the verdict", (int)EditionFault.NotUnderstood },
            { "an experiment under another's name", (int)EditionFault.NotUnderstood },
            { "item changed behind the signature", (int)EditionFault.Damaged },
            { "item left out", (int)EditionFault.Foreign },
            { "half", (int)EditionFault.Damaged },
            { "half of the gzip", (int)EditionFault.Damaged },
            { "no gzip", (int)EditionFault.Damaged },
            { "html", (int)EditionFault.Damaged },
            { "nothing", (int)EditionFault.Damaged },
            { "more behind it", (int)EditionFault.Damaged },
            { "a line without end", (int)EditionFault.Damaged },
            { "changes to another version", (int)EditionFault.Unconnected },
            { "newer format", (int)EditionFault.NotUnderstood },
            { "newer item", (int)EditionFault.NotUnderstood },
            { "newer member", (int)EditionFault.NotUnderstood },
            { "newer kind of key", (int)EditionFault.NotUnderstood },
            { "two experiments with one slug", (int)EditionFault.NotUnderstood },
        };

    public async ValueTask InitializeAsync() => _origin = await ScriptedOrigin.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var follower in _followers)
        {
            await follower.DisposeAsync();
        }

        await _origin.DisposeAsync();
        _data.Dispose();
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Edition_ThatCannotBeTaken_IsRefusedAndWhatWasServedStays(string kind, int fault)
    {
        _origin.Serve(Definitions.Bytes(Good), Good.Tag.ToString());
        var follower = Follow();
        await UntilTakenAsync(1);
        var copy = await File.ReadAllBytesAsync(_data["catalog"], TestContext.Current.CancellationToken);

        _origin.Script = context =>
        {
            _problems.Enqueue(context.Request.Headers[OriginClient.ProblemHeader].ToString());
            return ScriptedOrigin.WriteAsync(context, BadEdition(kind));
        };
        await Wait.UntilAsync(() => follower.Refused((EditionFault)fault) > 0, () => string.Join('\n', _log.All));

        Assert.Equal(10, follower.Status.Version);
        Assert.True(follower.Catalog.Current.TryFind("spring", out _));
        Assert.False(follower.Catalog.Current.TryFind("summer", out _));
        Assert.Equal(copy, await File.ReadAllBytesAsync(_data["catalog"], TestContext.Current.CancellationToken));
        Assert.Contains(705, _log.Ids);
        Assert.DoesNotContain(_log.All, line => line.Text.Contains("Violation {", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.All, line => line.Text.TrimEnd().EndsWith(':'));
        Assert.True(follower.Status.IsRefusing);
        await Wait.UntilAsync(() => _problems.Any(static problem => problem.Length > 0), () => string.Join('\n', _log.All));

        // And the next one that is right is taken.
        _origin.Serve(Definitions.Bytes(Better), Better.Tag.ToString());
        await UntilServedAsync(follower, "summer");
        Assert.False(follower.Status.IsRefusing);
    }

    [Theory]
    [InlineData("redirect")]
    [InlineData("500")]
    [InlineData("401")]
    [InlineData("never answers")]
    [InlineData("stops in the middle")]
    [InlineData("resets")]
    public async Task Origin_ThatFails_IsAskedAgainAndWhatWasServedStays(string how)
    {
        _origin.Serve(Definitions.Bytes(Good), Good.Tag.ToString());
        await using var other = await ScriptedOrigin.StartAsync();
        other.Serve(Definitions.Bytes(Better), Better.Tag.ToString());
        var follower = Follow();
        await UntilServedAsync(follower, "spring");

        _origin.Script = async context =>
        {
            switch (how)
            {
                case "redirect":
                    context.Response.Redirect(other.Address.ToString());
                    return;
                case "never answers":
                    await Task.Delay(Wait.Limit, context.RequestAborted);
                    return;
                case "stops in the middle":
                    await context.Response.Body.WriteAsync(Definitions.Bytes(Better).AsMemory(0, 300));
                    await context.Response.Body.FlushAsync();
                    await Task.Delay(Wait.Limit, context.RequestAborted);
                    return;
                case "resets":
                    context.Abort();
                    return;
                default:
                    context.Response.StatusCode = int.Parse(how, System.Globalization.CultureInfo.InvariantCulture);
                    return;
            }
        };
        await Wait.UntilAsync(() => follower.Status.FailedPolls > 0, () => string.Join('\n', _log.All));

        Assert.Equal(10, follower.Status.Version);
        Assert.Contains(706, _log.Ids);
        _origin.Serve(Definitions.Bytes(Better), Better.Tag.ToString());
        await UntilServedAsync(follower, "summer");
    }

    [Fact]
    public async Task Copy_OnDisk_IsServedWithoutTheOrigin()
    {
        _origin.Serve(Definitions.Bytes(Good), Good.Tag.ToString());
        Follow();
        await UntilTakenAsync(1);
        _origin.Script = static context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };

        var again = Open();

        Assert.Equal(10, again.Status.Version);
        Assert.True(again.HasCatalog.IsCompleted);
        Assert.True(again.Catalog.Current.TryFind("spring", out _));

        // Not even a restart makes it take an older one.
        var older = Definitions.Edition(9, Verdicts, Summer);
        _origin.Serve(Definitions.Bytes(older), older.Tag.ToString());
        again.Start();
        await Wait.UntilAsync(() => again.Refused(EditionFault.Older) > 0, () => string.Join('\n', _log.All));
        Assert.False(again.Catalog.Current.TryFind("summer", out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(200)]
    public async Task Copy_Damaged_IsSetAsideAndFetchedAnew(int at)
    {
        _origin.Serve(Definitions.Bytes(Good), Good.Tag.ToString());
        new CatalogCopy(_data.Path, "fleet").Write(Good.Tag, CatalogItems.Of(Good.Items)!);
        var bytes = await File.ReadAllBytesAsync(_data["catalog"], TestContext.Current.CancellationToken);
        bytes[at] ^= 1;
        await File.WriteAllBytesAsync(_data["catalog"], bytes, TestContext.Current.CancellationToken);

        var follower = Open();

        Assert.False(follower.HasCatalog.IsCompleted);
        Assert.True(File.Exists(_data["catalog.set-aside"]));
        Assert.Contains(708, _log.Ids);
        follower.Start();
        await UntilServedAsync(follower, "spring");
    }

    /// <summary>
    /// What this program has written it has understood, and reads when it is asked for it; what another one has written it
    /// reads at once. What cannot be read, for whatever reason, is replaced by what the origin has.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Copy_WithWhatIsNotUnderstood_IsReplacedByTheOrigin(bool isOwn)
    {
        var odd = Item("experiment/exp_odd", """{"uid":"exp_odd","slug":"odd","status":"running","unheardOf":1}""");
        var document = Definitions.Edition(10, Verdicts, Spring, odd) with
        {
            Software = isOwn ? CatalogCopy.Software : "0.0.1+other",
        };
        using (var stream = new MemoryStream())
        {
            stream.Write(new byte[SummedFile.HeaderBytes]);
            document.WriteTo(stream, "fleet");
            SummedFile.Write(_data.Path, "catalog", "EDC1"u8, stream);
        }

        var follower = Open();

        Assert.Equal(isOwn, follower.HasCatalog.IsCompleted);
        Assert.Equal(isOwn, follower.Catalog.Current.TryFind("spring", out _));
        if (isOwn)
        {
            Assert.Throws<EditionException>(() => follower.Catalog.Current.TryFind("odd", out _));
        }

        _origin.Serve(Definitions.Bytes(Better), Better.Tag.ToString());
        follower.Start();
        await UntilServedAsync(follower, "summer");
        Assert.True(follower.Catalog.Current.TryFind("spring", out _));
        Assert.False(follower.Catalog.Current.TryFind("odd", out _));
        Assert.True(File.Exists(_data["catalog.set-aside"]));
    }

    /// <summary>After an upgrade the first start reads everything, and the second one need not.</summary>
    [Fact]
    public async Task Copy_OfAnotherVersion_IsWrittenAnew()
    {
        new CatalogCopy(_data.Path, "fleet").Write(Good.Tag, CatalogItems.Of(Good.Items)!);
        var own = await File.ReadAllBytesAsync(_data["catalog"], TestContext.Current.CancellationToken);
        using (var stream = new MemoryStream())
        {
            stream.Write(new byte[SummedFile.HeaderBytes]);
            Good.WriteTo(stream, "fleet");
            SummedFile.Write(_data.Path, "catalog", "EDC1"u8, stream);
        }

        Follow();

        await Wait.UntilAsync(() => File.ReadAllBytes(_data["catalog"]).AsSpan().SequenceEqual(own), () => string.Join('\n', _log.All));
    }

    [Fact]
    public async Task Changes_ToTheVersionInForce_AreTaken()
    {
        _origin.Serve(Definitions.Bytes(Good), Good.Tag.ToString());
        var follower = Follow();
        await UntilServedAsync(follower, "spring");
        var next = CatalogItems.Of([Verdicts, Summer])!;
        var changes = new EditionDocument(
            EditionTag.Of(11, next, Definitions.Secret),
            10,
            [Summer],
            [Spring.Name]
        );

        _origin.Serve(Definitions.Bytes(changes), changes.Tag.ToString());

        await UntilTakenAsync(2);
        Assert.True(follower.Catalog.Current.TryFind("summer", out _));
        Assert.False(follower.Catalog.Current.TryFind("spring", out _));
        Assert.Equal(11, Open().Status.Version);
    }

    [Theory]
    [InlineData("larger than its limit")]
    [InlineData("a directory")]
    [InlineData("a pipe")]
    [InlineData("cannot be moved")]
    public async Task Copy_ThatCannotBeRead_EndsNothing(string how)
    {
        _origin.Serve(Definitions.Bytes(Good), Good.Tag.ToString());
        var file = _data["catalog"];
        switch (how)
        {
            case "larger than its limit":
                await using (var sparse = File.Create(file))
                {
                    sparse.SetLength(EditionDocument.BytesMax);
                }

                break;
            case "a pipe":
                using (var made = Process.Start("mkfifo", file))
                {
                    await made.WaitForExitAsync(TestContext.Current.CancellationToken);
                }

                break;
            default:
                Directory.CreateDirectory(file);
                if (how == "cannot be moved")
                {
                    await File.WriteAllTextAsync(file + ".set-aside", "", TestContext.Current.CancellationToken);
                }

                break;
        }

        var follower = Open();

        Assert.False(follower.HasCatalog.IsCompleted);
        Assert.Equal([how == "cannot be moved" ? 710 : 708], _log.Ids);
        follower.Start();
        await UntilServedAsync(follower, "spring");
    }

    /// <summary>The secret was changed, and the origin's data comes from a backup, so it publishes lower versions.</summary>
    [Fact]
    public async Task Copy_OfAnotherSecret_DoesNotBindToItsVersion()
    {
        var before = Definitions.Edition(new FleetSecret("fleet", Secret + "x"), 50, Verdicts, Spring);
        new CatalogCopy(_data.Path, "fleet").Write(before.Tag, CatalogItems.Of(before.Items)!);
        var follower = Open();
        Assert.Equal(50, follower.Status.Version);
        Assert.True(follower.Catalog.Current.TryFind("spring", out _));

        _origin.Serve(Definitions.Bytes(Better), Better.Tag.ToString());
        follower.Start();
        await UntilServedAsync(follower, "summer");
        Assert.Equal(12, follower.Status.Version);

        // From now on it is bound again.
        _origin.Serve(Definitions.Bytes(Good), Good.Tag.ToString());
        await Wait.UntilAsync(() => follower.Refused(EditionFault.Older) > 0, () => string.Join('\n', _log.All));
        Assert.Equal(12, follower.Status.Version);
    }

    [Fact]
    public async Task Request_AtTheStartAndAfterAFailure_DoesNotWait()
    {
        var waits = new ConcurrentQueue<string>();
        var isFailing = false;
        _origin.Script = context =>
        {
            waits.Enqueue((isFailing ? "failed " : "") + context.Request.Query["wait"]);
            if (isFailing)
            {
                context.Response.StatusCode = 500;
                return Task.CompletedTask;
            }

            return ScriptedOrigin.WriteAsync(context, ScriptedOrigin.Gzip(Definitions.Bytes(Good)));
        };
        Follow();
        await Wait.UntilAsync(() => waits.Count > 1, () => string.Join(' ', waits));
        isFailing = true;
        await Wait.UntilAsync(() => waits.Any(static wait => wait == "failed 0"), () => string.Join(' ', waits));
        isFailing = false;
        await Wait.UntilAsync(() => _log.Ids.Contains(707), () => string.Join('\n', _log.All));

        string[] all = [.. waits];
        Assert.Equal(["0", "1"], all[..2]);
        Assert.Equal("0", all.SkipWhile(static wait => wait.Length == 1).First(static wait => wait.Length == 1));
    }

    private static byte[] BadEdition(string kind)
    {
        var whole = Definitions.Bytes(Better);
        var text = Encoding.UTF8.GetString(whole);
        return kind switch
        {
            "older" => Packed(Definitions.Edition(9, Verdicts, Summer)),
            "same version, other content" => Packed(Definitions.Edition(10, Verdicts, Summer)),
            "other fleet" => Packed(Definitions.Edition(new FleetSecret("other", Secret), 12, Verdicts, Summer), "other"),
            "other secret" => Packed(Definitions.Edition(new FleetSecret("fleet", Secret + "x"), 12, Verdicts, Summer)),
            "version changed behind the signature" => Text(text.Replace("\"version\":12", "\"version\":13", StringComparison.Ordinal)),
            "more items than were signed" => Text(text.Replace("\"items\":3", "\"items\":100000", StringComparison.Ordinal)),
            "more bytes than were signed" => Text(text.Replace("\"bytes\":", "\"bytes\":9", StringComparison.Ordinal)),
            "longer lines than were signed" => Text(text[..text.LastIndexOf('}')] + new string(' ', 2_000) + "}\n"),
            "changes without end" => Text(
                text.Replace("\"items\"", "\"from\":10,\"changes\":100000,\"items\"", StringComparison.Ordinal)
            ),
            "too large for the memory" => Packed(
                Definitions.Edition(12, Verdicts, Item("key/x", $"\"{new string('x', BytesMax)}\""))
            ),
            "version beyond the largest" => Packed(Definitions.Edition(EditionTag.VersionMax + 1, Verdicts, Summer)),
            "version below zero" => Packed(Definitions.Edition(long.MinValue, Verdicts, Summer)),
            "no rules of the verdict" => Packed(Definitions.Edition(12, Spring, Summer)),
            "an experiment under another's name" => Packed(
                Definitions.Edition(12, Verdicts, Item("experiment/exp_winter", Value(Summer)))
            ),
            "item changed behind the signature" => Text(text.Replace("example.com/summer", "example.com/winter", StringComparison.Ordinal)),
            "item left out" => Text(
                text.Replace("\"items\":3", "\"items\":2", StringComparison.Ordinal)
                    .Replace(Encoding.UTF8.GetString(Summer.Line.Span) + "\n", "", StringComparison.Ordinal)
            ),
            "half" => ScriptedOrigin.Gzip(whole[..(whole.Length / 2)]),
            "half of the gzip" => Packed(Better)[..^40],
            "no gzip" => whole,
            "html" => Text("<html><body>Maintenance</body></html>\n"),
            "nothing" => [],
            "more behind it" => Text(text + "{}\n"),
            "a line without end" => Text(text[..(text.IndexOf('\n') + 1)] + new string('x', EditionDocument.ItemBytesMax + 1)),
            "changes to another version" => Packed(Better with { From = 7 }),
            "newer format" => Text(text.Replace("\"format\":1", "\"format\":2", StringComparison.Ordinal)),
            "newer item" => Packed(Definitions.Edition(12, Verdicts, Summer, Item("budget/1", "{}"))),
            "newer member" => Packed(
                Definitions.Edition(12, Verdicts, Item(Summer.Name, Value(Summer)[..^1] + ",\"newMember\":1}"))
            ),
            "newer kind of key" => Packed(
                Definitions.Edition(
                    12,
                    Verdicts,
                    Summer,
                    Item("key/key_1", """{"id":"key_1","kind":"satellite","hash":"00","hint":"x"}""")
                )
            ),
            _ => Packed(
                Definitions.Edition(
                    12,
                    Verdicts,
                    Spring,
                    ItemCodec.Of(Definitions.Running("spring") with { Uid = "exp_second" })
                )
            ),
        };
    }

    /// <summary>Most bytes of an edition here.</summary>
    private const int BytesMax = 64 << 10;

    private const string Secret = "4f1d9c2ab7e35f8806cd41e7930b5a6e";

    private static byte[] Packed(EditionDocument document, string fleet = "fleet") =>
        ScriptedOrigin.Gzip(Definitions.Bytes(document, fleet));

    private static byte[] Text(string text) => ScriptedOrigin.Gzip(Encoding.UTF8.GetBytes(text));

    private static CatalogItem Item(string name, string value) =>
        new(name, Encoding.UTF8.GetBytes($$"""{"name":"{{name}}","value":{{value}}}"""));

    private static string Value(CatalogItem item)
    {
        var line = Encoding.UTF8.GetString(item.Line.Span);
        return line[(line.IndexOf("\"value\":", StringComparison.Ordinal) + 8)..^1];
    }

    private Task UntilServedAsync(CatalogFollower follower, string slug) =>
        Wait.UntilAsync(() => follower.Catalog.Current.TryFind(slug, out _), () => string.Join('\n', _log.All));

    /// <summary>Waits until so many editions are in force and on disk.</summary>
    private Task UntilTakenAsync(int count) =>
        Wait.UntilAsync(() => _log.Ids.Count(static id => id == 704) >= count, () => string.Join('\n', _log.All));

    private CatalogFollower Follow()
    {
        var follower = Open();
        follower.Start();
        return follower;
    }

    private CatalogFollower Open()
    {
        var follower = new CatalogFollower(
            new OriginClient(
                _origin.Address,
                Definitions.Secret,
                patience: TimeSpan.FromSeconds(1),
                timeout: TimeSpan.FromSeconds(2),
                BytesMax
            ),
            new CatalogCopy(_data.Path, "fleet", BytesMax),
            KeyRing.WithoutFile(TimeProvider.System),
            "edge-a",
            "salt",
            TimeProvider.System,
            _log
        );
        _followers.Add(follower);
        return follower;
    }
}
