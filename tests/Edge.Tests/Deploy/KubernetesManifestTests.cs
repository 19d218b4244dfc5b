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

        Assert.Equal(6, files.Length);
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

        Assert.Equal(3, files.Length);
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
        Assert.Equal("/readyz", edge.ReadinessProbe.HttpGet.Path);
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
