using CsCheck;
using Edge.Access;
using Edge.Catalog;
using Edge.Enrichment.Hashing;
using Edge.Enrichment.Verdicts;
using Edge.Experiments;
using Edge.Journal;
using Edge.Journal.Records;
using Edge.Settings;
using Edge.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Edge.Tests.Storage;

/// <summary>
/// Every reader of a file against damaged ones: it reads something, or refuses with the exception that its callers
/// handle. Anything else would end the process.
/// </summary>
public sealed class DamagedFileTests : IDisposable
{
    private const int Mutations = 3_000;

    private static readonly DateTimeOffset Now = new(2026, 5, 16, 19, 0, 0, TimeSpan.Zero);

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void KeyFile_Damaged_IsReadOrRefused()
    {
        var file = new KeyFile(_directory["keys.json"]);
        file.Issue(new KeyGrant(KeyKind.Pictify), Now);
        file.Issue(
            new KeyGrant(KeyKind.MillimetricPk)
            {
                Project = "p",
                Scopes = ["ingest"],
                Origins = ["https://a.example"],
                ExpiresAt = Now,
            },
            Now
        );

        Sample(
            file.Path,
            () =>
            {
                using var ring = KeyRing.Open(file, new TestClock(Now), _ => { });
                Assert.All(file.Read(), key => Assert.NotEmpty(key.Id));
                _ = ring.Find("pk_live_x");
            }
        );
    }

    [Fact]
    public void Ratchet_Damaged_IsReadOrRefused()
    {
        KeyRatchet.Open(_directory.Path, new TestClock(Now), NullLogger.Instance).Dispose();

        Sample(
            RatchetFile.PathIn(_directory.Path),
            () =>
            {
                using var ratchet = KeyRatchet.Open(_directory.Path, new TestClock(Now), NullLogger.Instance);
                _ = ratchet.Of(DateOnly.FromDateTime(Now.UtcDateTime));
            }
        );
    }

    [Fact]
    public void Salt_Damaged_IsReadOrRefused()
    {
        AddressSalt.LoadOrCreate("", _directory.Path);

        Sample(AddressSalt.PathIn(_directory.Path), () => AddressSalt.LoadOrCreate("", _directory.Path));
    }

    [Fact]
    public void Cursor_Damaged_IsReadOrRefused()
    {
        CursorFile.Open(_directory["cursor"], 1).Dispose();

        Sample(_directory["cursor"], () => CursorFile.Open(_directory["cursor"], 1).Dispose());
    }

    [Fact]
    public void Experiment_Damaged_IsServedOrListed()
    {
        DemoExperiments.WriteIfEmpty(_directory.Path, new TestClock(Now));
        var paths = Directory.GetFiles(_directory.Path);
        foreach (var path in paths)
        {
            Sample(
                path,
                () =>
                {
                    using var store = ExperimentFileStore.Open(
                        _directory.Path,
                        ExperimentRules.Default,
                        new TestClock(Now),
                        _ => { }
                    );
                    Assert.InRange(store.Catalog.Current.Entries.Count, paths.Length - 1, paths.Length);
                },
                Mutations / paths.Length
            );
        }
    }

    [Fact]
    public void VerdictRules_Damaged_AreReadOrListed()
    {
        File.WriteAllText(
            _directory["rules.json"],
            """{"rules":[{"id":"office","verdict":"bot","scope":"all","certainty":"certain","networks":["192.0.2.0/24"]},{"id":"googleimageproxy","mode":"shadow"}]}"""
        );

        Sample(
            _directory["rules.json"],
            () => VerdictRules.Load(new VerdictRuleOptions(_directory["rules.json"], false, false))
        );
    }

    [Fact]
    public void Configuration_Damaged_IsReadOrListed()
    {
        File.WriteAllText(
            _directory["edge.json"],
            """
            {"node":"n","urls":"http://127.0.0.1:1,http://unix:/x","http":{"maxConnections":5,"publicPages":["readyz"]},
             "clientAddress":{"trustedProxies":["10.0.0.0/8"]},"journal":{"maxBytes":"8GB"},
             "sinks":{"warehouse":{"type":"http","url":"https://a.example/x","filters":{"types":["view"]}}}}
            """
        );

        Sample(
            _directory["edge.json"],
            () =>
            {
                var configuration = new EdgeConfiguration();
                var options = configuration.Load(_directory["edge.json"], [], []);
                _ = options.ToJournalOptions();
                _ = ListenAddress.ParseAll(options.Urls);
            }
        );
    }

    private static void Sample(string path, Action read, int mutations = Mutations)
    {
        var original = File.ReadAllBytes(path);
        Gen.Int.Sample(
            seed =>
            {
                File.WriteAllBytes(path, Mutation.Of(original, seed));
                try
                {
                    read();
                }
                catch (Exception e) when (e is IOException or JournalException)
                {
                    // Refused in words; what callers handle.
                    Assert.DoesNotContain('\n', e.Message);
                }
            },
            iter: mutations,
            threads: 1
        );
        File.WriteAllBytes(path, original);
    }
}
