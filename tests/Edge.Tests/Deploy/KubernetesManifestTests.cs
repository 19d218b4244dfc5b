using System.Text.RegularExpressions;
using Edge.Settings;
using Edge.Tests.Support;
using k8s;
using k8s.Models;
using Xunit;

namespace Edge.Tests.Deploy;

/// <summary>
/// The manifests of <c>deploy/kubernetes</c>, read strictly as the published client of Kubernetes reads them: whole,
/// and in agreement with the service about ports, times and files.
/// </summary>
public class KubernetesManifestTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "deploy", "kubernetes");

    public static TheoryData<string> Pods => ["statefulset/statefulset.yaml", "daemonset/daemonset.yaml"];

    [Fact]
    public void Manifests_AllOfThem_HaveMembersThatKubernetesKnows()
    {
        var files = Directory
            .GetFiles(Folder, "*.yaml", SearchOption.AllDirectories)
            .Where(static file => Path.GetFileName(file) != "kustomization.yaml")
            .ToArray();

        Assert.Equal(10, files.Length);
        Assert.All(files, static file => Assert.NotEmpty(Read(File.ReadAllText(file))));
    }

    [Fact]
    public void Manifests_AMisspeltMember_IsNoticed() =>
        Assert.ThrowsAny<Exception>(() =>
            Read(File.ReadAllText(Path.Combine(Folder, Pods.First().Data)).Replace("readinessProbe", "readynessProbe", StringComparison.Ordinal))
        );

    [Fact]
    public void Kustomizations_NameFilesThatAreThere()
    {
        var files = Directory.GetFiles(Folder, "kustomization.yaml", SearchOption.AllDirectories);

        Assert.Equal(5, files.Length);
        Assert.All(
            files,
            static file =>
                Assert.All(
                    Regex.Matches(File.ReadAllText(file), "^  - ([^:\n]+)$", RegexOptions.Multiline),
                    match => Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(file)!, match.Groups[1].Value)), match.Value)
                )
        );
    }

    [Theory]
    [MemberData(nameof(Pods))]
    public void Pod_AndItsConfiguration_Agree(string file)
    {
        var pod = PodOf(file);
        var edge = Assert.Single(pod.Containers);
        var options = Options(edge);

        Assert.Equal(options.Urls, $"http://0.0.0.0:{PortOf(edge, "http")}");
        Assert.Equal(options.AdminUrls, $"http://0.0.0.0:{PortOf(edge, "admin")}");
        Assert.All(
            (V1Probe[])[edge.StartupProbe, edge.ReadinessProbe, edge.LivenessProbe],
            static probe => Assert.Equal("admin", probe.HttpGet.Port.Value)
        );
        Assert.Equal("/healthz", edge.LivenessProbe.HttpGet.Path);
        Assert.Equal("/readyz?visitors", edge.ReadinessProbe.HttpGet.Path);
        // Nine seconds are the most that a stop takes beside the grace.
        Assert.True(pod.TerminationGracePeriodSeconds > (options.HttpStopGraceMs / 1_000) + 9);
        Assert.True(
            edge.ReadinessProbe.PeriodSeconds * edge.ReadinessProbe.FailureThreshold * 1_000 < options.HttpStopGraceMs
        );
        Assert.Contains(edge.VolumeMounts, mount => mount.MountPath == options.DataDir);
        Assert.Contains(edge.VolumeMounts, mount => options.AddressSaltFile.StartsWith(mount.MountPath + "/", StringComparison.Ordinal));
        Assert.True(edge.SecurityContext.ReadOnlyRootFilesystem);
        Assert.False(edge.SecurityContext.AllowPrivilegeEscalation);
        Assert.Contains(
            $"USER {pod.SecurityContext.RunAsUser}:{pod.SecurityContext.RunAsGroup}",
            Repository.Read("Dockerfile.aot"),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("origin.yaml", true)]
    [InlineData("edges.yaml", false)]
    public void Fleet_PodAndItsConfiguration_Agree(string file, bool isOrigin)
    {
        var objects = Read(File.ReadAllText(Path.Combine(Folder, "fleet", file)));
        var set = objects.OfType<V1StatefulSet>().Single();
        var pod = set.Spec.Template.Spec;
        var edge = Assert.Single(pod.Containers);
        var map = objects.OfType<V1ConfigMap>().Single();
        var service = objects.OfType<V1Service>().Single();

        var options = FleetOptions(map.Data["edge.json"]);

        Assert.Equal(isOrigin ? NodeRole.Origin : NodeRole.Edge, options.Role);
        Assert.Equal(isOrigin ? 1 : 3, set.Spec.Replicas);
        Assert.Equal(options.Urls, $"http://0.0.0.0:{PortOf(edge, "http")}");
        Assert.Equal(options.AdminUrls, $"http://0.0.0.0:{PortOf(edge, "admin")}");
        Assert.Equal("/healthz", edge.StartupProbe.HttpGet.Path);
        Assert.Equal("/readyz?visitors", edge.ReadinessProbe.HttpGet.Path);
        Assert.True(pod.TerminationGracePeriodSeconds > (options.HttpStopGraceMs / 1_000) + 9);
        Assert.Contains(edge.VolumeMounts, mount => mount.MountPath == options.DataDir);
        Assert.Equal(set.Spec.Template.Metadata.Labels, service.Spec.Selector);
        Assert.Equal(set.Spec.Template.Metadata.Labels, set.Spec.Selector.MatchLabels);
        Assert.Contains(pod.Volumes, volume => volume.ConfigMap?.Name == map.Metadata.Name);
        if (!isOrigin)
        {
            // Where the origin's service is.
            var origin = Read(File.ReadAllText(Path.Combine(Folder, "fleet", "origin.yaml"))).OfType<V1Service>().Single();
            Assert.Equal(
                $"http://{origin.Metadata.Name}:{origin.Spec.Ports.Single().Port}",
                options.FleetOriginUrl
            );
        }
    }

    /// <summary>The origin and the job that makes its schema have the same settings, of the store and of the fleet.</summary>
    [Fact]
    public void Fleet_OverPostgres_IsTheFleetWithAnotherStore()
    {
        var patched = Read(File.ReadAllText(Path.Combine(Folder, "fleet-postgres", "origin.yaml"))).OfType<V1ConfigMap>().Single();
        var origin = Read(File.ReadAllText(Path.Combine(Folder, "fleet", "origin.yaml")));
        var map = origin.OfType<V1ConfigMap>().Single();
        var job = Read(File.ReadAllText(Path.Combine(Folder, "fleet-postgres", "migrate.yaml"))).OfType<V1Job>().Single();

        var options = FleetOptions(patched.Data["edge.json"]);
        var before = FleetOptions(map.Data["edge.json"]);

        Assert.Equal(map.Metadata.Name, patched.Metadata.Name);
        Assert.Equal((NodeRole.Origin, StoreKind.Postgres), (options.Role, options.StoreKind));
        Assert.Equal(
            (before.FleetId, before.Urls, before.AdminUrls, before.DataDir),
            (options.FleetId, options.Urls, options.AdminUrls, options.DataDir)
        );
        var pod = job.Spec.Template.Spec;
        var node = Assert.Single(origin.OfType<V1StatefulSet>().Single().Spec.Template.Spec.Containers);
        var migrate = Assert.Single(pod.Containers);
        Assert.Equal(node.Image, migrate.Image);
        Assert.Equal(["/usr/bin/edge", "store", "migrate", .. node.Args], migrate.Command);
        Assert.All(node.VolumeMounts, mount => Assert.Contains(migrate.VolumeMounts, own => own.MountPath == mount.MountPath));
        Assert.Contains(pod.Volumes, volume => volume.ConfigMap?.Name == map.Metadata.Name);
    }

    [Theory]
    [InlineData("deploy/fleet/compose.yaml")]
    [InlineData("deploy/fleet/postgres.yaml")]
    public void Fleet_OfCompose_HasOneOriginAndEdgesThatFollowIt(string file)
    {
        var text = Repository.Read(file);
        foreach (Match node in Regex.Matches(text, "EDGE__ROLE: (\\w+)"))
        {
            Assert.True(Enum.TryParse<NodeRole>(node.Groups[1].Value, ignoreCase: true, out _), node.Value);
        }

        var settings = EdgeSettings.All.Select(setting => "EDGE__" + setting.Key.Replace(".", "__", StringComparison.Ordinal));
        var named = Regex.Matches(text, "EDGE__[A-Z_]+").Select(match => match.Value).Distinct();
        Assert.Empty(named.Except(settings, StringComparer.OrdinalIgnoreCase));
        // The second origin takes over the settings of the first one.
        Assert.Single(Regex.Matches(text, "EDGE__ROLE: origin"));
        Assert.Equal(
            Regex.Match(Repository.Read("deploy/fleet/compose.yaml"), "EDGE__FLEET__ID: \\w+").Value,
            Regex.Match(text, "EDGE__FLEET__ID: \\w+").Value
        );
        Assert.Contains(
            "EDGE__FLEET__ORIGINURL: http://origin:8080",
            Repository.Read("deploy/fleet/compose.yaml"),
            StringComparison.Ordinal
        );
    }

    /// <summary>The settings of a node of a fleet, with its secrets in files of the test.</summary>
    private static EdgeOptions FleetOptions(string json)
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["fleet"], Guid.NewGuid().ToString("N") + Guid.NewGuid().ToString("N"));
        File.WriteAllText(directory["store"], "password");
        File.WriteAllText(
            directory["edge.json"],
            json.Replace("/secrets/", directory.Path + "/", StringComparison.Ordinal)
        );
        var configuration = new EdgeConfiguration();
        var options = configuration.Load(directory["edge.json"], [], []);
        Assert.Empty(configuration.Problems);
        return options;
    }

    private static List<object> Read(string yaml) => KubernetesYaml.LoadAllFromString(yaml, strict: true);

    private static V1PodSpec PodOf(string file) =>
        Read(File.ReadAllText(Path.Combine(Folder, file))).Single() switch
        {
            V1StatefulSet set => set.Spec.Template.Spec,
            V1DaemonSet set => set.Spec.Template.Spec,
            var other => throw new InvalidOperationException($"{other} runs no pods"),
        };

    /// <summary>The settings as the container has them, with its files in a directory of the test.</summary>
    private static EdgeOptions Options(V1Container container)
    {
        var map = Read(File.ReadAllText(Path.Combine(Folder, "base", "configmap.yaml"))).OfType<V1ConfigMap>().Single();
        using var directory = new TempDirectory();
        var salt = directory["address-salt"];
        File.WriteAllText(salt, new string('7', 8) + Guid.NewGuid());
        var file = directory["edge.json"];
        File.WriteAllText(file, map.Data["edge.json"].Replace("/secrets/address-salt", salt, StringComparison.Ordinal));
        var configuration = new EdgeConfiguration();
        var options = configuration.Load(
            file,
            container.Env.Select(variable => KeyValuePair.Create(variable.Name, variable.Value ?? "node-1")),
            []
        );
        Assert.Empty(configuration.Problems);
        options.AddressSaltFile = "/secrets/address-salt";
        return options;
    }

    private static int PortOf(V1Container container, string name) =>
        container.Ports.Single(port => port.Name == name).ContainerPort;
}
