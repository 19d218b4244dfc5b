using Edge.Settings;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Settings;

/// <summary>Settings of alerts that go together, and what is shown of them.</summary>
public sealed class AlertSettingsTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("alerts.webhookUrl=ftp://a.example/", "alerts.webhookUrl must be an address such as")]
    [InlineData("alerts.webhookUrl=https://u:p@a.example/", "alerts.webhookUrl must not contain a user")]
    [InlineData("alerts.webhookUrl=https://a.example/ alerts.webhookUrlFile={file}", "alerts.webhookUrl and alerts.webhookUrlFile are both set")]
    [InlineData("alerts.webhookUrlFile={file}.not", "alerts.webhookUrlFile cannot be read")]
    [InlineData("alerts.webhookUrlFile={wrong}", "alerts.webhookUrlFile must be an address such as")]
    [InlineData("alerts.webhookSecret=x", "alerts.webhookSecret is set without alerts.webhookUrl")]
    [InlineData("alerts.allowAddresses=10.0.0.0/99", "alerts.allowAddresses '10.0.0.0/99' is not an address or network")]
    [InlineData("alerts.intervalSeconds=0", "alerts.intervalSeconds must be a whole number from 1 to 3600")]
    [InlineData(
        "role=edge fleet.id=f fleet.secret=c6d1f04a9be2473581f60b7dde39a82ec6d1f04a fleet.originUrl=http://origin:8080 alerts.checkDestinations=true",
        "alerts.* is set, but an edge counts for its origin"
    )]
    public void Settings_ThatCannotBe_AreOneProblem(string settings, string problem)
    {
        var (_, configuration) = Load(settings);

        Assert.Contains(problem, Assert.Single(configuration.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Webhook_OfFiles_IsTakenAndItsPathNotShown()
    {
        var (options, configuration) = Load("alerts.webhookUrlFile={file} alerts.webhookSecretFile={secret}");

        Assert.Empty(configuration.Problems);
        Assert.Equal("https://hooks.example/T0/secret-path", options.AlertsWebhookUrl);
        Assert.Equal("s3cr3t", options.AlertsWebhookSecret);
        Assert.Equal("alerts.webhookUrlFile", configuration.OriginOf("alerts.webhookUrl"));
        var shown = EdgeSettings.All.Where(one => one.Key.StartsWith("alerts.webhook", StringComparison.Ordinal)).Select(one => one.Read(options));
        Assert.Contains("https://hooks.example/(set)", shown);
        Assert.DoesNotContain(shown, static text => text.Contains("secret-path", StringComparison.Ordinal) || text == "s3cr3t");
    }

    private (EdgeOptions Options, EdgeConfiguration Configuration) Load(string settings)
    {
        File.WriteAllText(_directory["file"], "https://hooks.example/T0/secret-path\n");
        File.WriteAllText(_directory["wrong"], "hooks.example\n");
        File.WriteAllText(_directory["secret"], "s3cr3t\n");
        foreach (var name in new[] { "file", "wrong", "secret" })
        {
            settings = settings.Replace($"{{{name}}}", _directory[name], StringComparison.Ordinal);
        }

        var configuration = new EdgeConfiguration();
        var options = configuration.Load(
            null,
            [],
            settings.Split(' ').Select(static one => KeyValuePair.Create(one[..one.IndexOf('=')], one[(one.IndexOf('=') + 1)..]))
        );
        return (options, configuration);
    }
}
