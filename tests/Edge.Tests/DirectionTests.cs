using System.Text.RegularExpressions;
using Edge.Tests.Support;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Xunit;

namespace Edge.Tests;

/// <summary>
/// The dependency direction of <c>docs/ARCHITECTURE.md</c>, checked on the type references of the compiled assembly:
/// signatures, bodies, attributes and generic arguments, whichever way the source names a type. Constants are compiled
/// in and leave no reference.
/// </summary>
public partial class DirectionTests
{
    /// <summary>The folders from the bottom up: a folder may know those before it, never one after it.</summary>
    private static readonly string[] Order =
    [
        "Formats",
        "Machine",
        "Telemetry",
        "Storage",
        "Audit",
        "Events",
        "Requests",
        "Access",
        "Enrichment",
        "Experiments",
        "Selection",
        "Catalog",
        "Postgres",
        "Lint",
        "Fleet",
        "Journal",
        "Duplicates",
        "Transport",
        "Visits",
        "Explanation",
        "Forwarding",
        "Corrections",
        "Statistics",
        "Alerts",
        "Settings",
        "Endpoints",
        "Hosting",
        "Commands",
    ];

    /// <summary>Folders that compute: the time and everything else from outside is a parameter.</summary>
    private static readonly string[] Pure = ["Formats", "Events", "Experiments", "Selection", "Lint", "Explanation"];

    private static readonly string SourceRoot = Path.Combine(Repository.Root, "src", "Edge");

    private static readonly Lazy<Reference[]> References = new(ReadReferences);

    public static TheoryData<string> Folders() => new(Directory.GetDirectories(SourceRoot).Select(Path.GetFileName)!);

    [Theory]
    [MemberData(nameof(Folders))]
    public void Folder_Knows_OnlyFoldersBelowIt(string folder)
    {
        var place = Array.IndexOf(Order, folder);
        Assert.True(place >= 0, $"folder {folder} has no place in {nameof(DirectionTests)}.{nameof(Order)}");
        var offenses = References
            .Value.Where(reference => reference.Folder == folder && Array.IndexOf(Order, reference.ToFolder) > place)
            .Select(reference => $"{reference.From} -> {reference.To}")
            .Distinct();

        Assert.Empty(offenses);
    }

    [Fact]
    public void Root_IsKnownByAll_AndKnowsOnlyTheCommandLine()
    {
        var offenses = References
            .Value.Where(reference => reference.Folder == "" && reference.ToFolder is not ("" or "Commands"))
            .Select(reference => $"{reference.From} -> {reference.To}");

        Assert.Empty(offenses);
    }

    [Fact]
    public void Namespaces_Equal_Folders()
    {
        var offenses =
            from file in Directory.EnumerateFiles(SourceRoot, "*.cs", SearchOption.AllDirectories)
            let folder = Path.GetRelativePath(SourceRoot, Path.GetDirectoryName(file)!)
            let expected = folder == "." ? "Edge" : "Edge." + folder.Replace('/', '.')
            let match = NamespaceLine().Match(File.ReadAllText(file))
            where match.Success && match.Groups[1].Value != expected
            select $"{Path.GetRelativePath(SourceRoot, file)} is in {match.Groups[1].Value}";

        Assert.Empty(offenses);
    }

    /// <summary>
    /// Tests of a type lie where the type lies; these folders hold tests of the whole program, and of the load tests.
    /// </summary>
    [Fact]
    public void TestFolders_Mirror_TheSource()
    {
        string[] whole = ["BlackBox", "Browser", "Budgets", "Deploy", "Golden", "Load", "OpenApi", "Support"];
        var tests = Path.Combine(Repository.Root, "tests", "Edge.Tests");
        var offenses = Directory
            .EnumerateFiles(tests, "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(tests, Path.GetDirectoryName(file)!))
            .Distinct()
            .Where(folder => folder.Split('/')[0] is var top && top is not ("bin" or "obj") && !whole.Contains(top))
            .Where(folder => !Directory.Exists(Path.Combine(SourceRoot, folder)));

        Assert.Empty(offenses);
    }

    [Fact]
    public void Faster_IsSeen_OnlyByTheJournal() => AssertOnly("FASTER.", "Edge.Journal");

    [Fact]
    public void Npgsql_IsSeen_OnlyByStoreAndSink() => AssertOnly("Npgsql", "Edge.Postgres", "Edge.Forwarding.Postgres");

    /// <summary>By the sources, because the build with Kafka is not the one that is tested here.</summary>
    [Fact]
    public void KafkaClient_IsSeen_OnlyByItsSink()
    {
        var mentions = Directory
            .EnumerateFiles(SourceRoot, "*.cs", SearchOption.AllDirectories)
            .Where(static file => File.ReadAllText(file).Contains("Confluent.", StringComparison.Ordinal))
            .Select(static file => Path.GetRelativePath(SourceRoot, file))
            .ToArray();

        Assert.NotEmpty(mentions);
        Assert.All(mentions, static file => Assert.StartsWith("Forwarding/Kafka/", file, StringComparison.Ordinal));
        Assert.DoesNotContain(References.Value, static reference => reference.To.StartsWith("Confluent.", StringComparison.Ordinal));
    }

    [Fact]
    public void Response_IsWritten_OnlyByEndpointsAndHosting() =>
        AssertOnly("Microsoft.AspNetCore.Http.HttpResponse", "Edge.Endpoints", "Edge.Hosting");

    [Fact]
    public void Container_IsSeen_OnlyByHosting() =>
        AssertOnly("Microsoft.Extensions.DependencyInjection.", "Edge.Hosting");

    [Fact]
    public void PureFolders_Do_NoInputOutput()
    {
        var offenses = References
            .Value.Where(reference => Pure.Contains(reference.Folder) && InputOutput().IsMatch(reference.To))
            .Select(reference => $"{reference.From} -> {reference.To}")
            .Distinct();

        Assert.Empty(offenses);
    }

    private static void AssertOnly(string foreign, params string[] namespaces)
    {
        var mentions = References.Value.Where(reference => reference.To.StartsWith(foreign, StringComparison.Ordinal));
        var offenses = mentions
            .Where(reference =>
                !namespaces.Any(name => reference.From.StartsWith(name + ".", StringComparison.Ordinal))
            )
            .Select(reference => $"{reference.From} -> {reference.To}")
            .Distinct();

        Assert.NotEmpty(mentions);
        Assert.Empty(offenses);
    }

    /// <summary>Every reference of a type of ours to another type, compiler-generated types under their owner.</summary>
    private static Reference[] ReadReferences()
    {
        using var assembly = AssemblyDefinition.ReadAssembly(typeof(Edge.Settings.EdgeOptions).Assembly.Location);
        return
        [
            .. from type in assembly.MainModule.GetTypes()
            let owner = Outermost(type)
            where owner.Namespace.StartsWith("Edge", StringComparison.Ordinal)
            from target in Targets(type)
            select new Reference(owner.FullName, target),
        ];
    }

    private static HashSet<string> Targets(TypeDefinition type)
    {
        var references = new HashSet<string>();
        Add(references, type.BaseType);
        AddAttributes(references, type);
        foreach (var implementation in type.Interfaces)
        {
            Add(references, implementation.InterfaceType);
        }

        foreach (var field in type.Fields)
        {
            Add(references, field.FieldType);
        }

        foreach (var method in type.Methods)
        {
            AddSignature(references, method);
            AddAttributes(references, method);
            AddBody(references, method);
        }

        return references;
    }

    private static void AddSignature(HashSet<string> references, MethodReference method)
    {
        Add(references, method.ReturnType);
        foreach (var parameter in method.Parameters)
        {
            Add(references, parameter.ParameterType);
        }

        if (method is GenericInstanceMethod generic)
        {
            foreach (var argument in generic.GenericArguments)
            {
                Add(references, argument);
            }
        }
    }

    private static void AddBody(HashSet<string> references, MethodDefinition method)
    {
        if (!method.HasBody)
        {
            return;
        }

        foreach (var local in method.Body.Variables)
        {
            Add(references, local.VariableType);
        }

        foreach (Instruction instruction in method.Body.Instructions)
        {
            switch (instruction.Operand)
            {
                case TypeReference type:
                    Add(references, type);
                    break;
                case FieldReference field:
                    Add(references, field.DeclaringType);
                    Add(references, field.FieldType);
                    break;
                case MethodReference called:
                    Add(references, called.DeclaringType);
                    AddSignature(references, called);
                    break;
                default:
                    break;
            }
        }
    }

    private static void AddAttributes(HashSet<string> references, Mono.Cecil.ICustomAttributeProvider provider)
    {
        foreach (var attribute in provider.CustomAttributes)
        {
            foreach (var argument in attribute.ConstructorArguments)
            {
                Add(references, argument.Value as TypeReference);
            }
        }
    }

    private static void Add(HashSet<string> references, TypeReference? type)
    {
        switch (type)
        {
            case null or GenericParameter:
                break;
            case GenericInstanceType generic:
                references.Add(Outermost(generic.ElementType).FullName);
                foreach (var argument in generic.GenericArguments)
                {
                    Add(references, argument);
                }

                break;
            case TypeSpecification specification:
                Add(references, specification.ElementType);
                break;
            default:
                references.Add(Outermost(type).FullName);
                break;
        }
    }

    private static TypeReference Outermost(TypeReference type) =>
        type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static string FolderOf(string type) =>
        type.StartsWith("Edge.", StringComparison.Ordinal) && type.Split('.') is { Length: > 2 } parts ? parts[1] : "";

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(
        @"^System\.(IO\.(File|Directory|FileStream|RandomAccess)|Net\.(Sockets\.(Socket|TcpClient|NetworkStream)|Http\.)|Diagnostics\.Process|Threading\.Thread$)"
    )]
    private static partial Regex InputOutput();

    /// <param name="From">Full name of the outermost type that holds the reference.</param>
    /// <param name="To">Full name of the outermost type referred to, ours or foreign.</param>
    private sealed record Reference(string From, string To)
    {
        public string Folder { get; } = FolderOf(From);

        public string ToFolder { get; } = FolderOf(To);
    }
}
