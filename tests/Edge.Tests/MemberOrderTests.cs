using Edge.Tests.Support;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Edge.Tests;

/// <summary>
/// Members stand in one order, so that a reader knows where to look: constants, fields, constructors, what others may
/// call, what they may not. Nested types stand where they are used.
/// </summary>
public class MemberOrderTests
{
    private enum Place
    {
        Constant,
        Field,
        Constructor,
        Public,
        Private,
    }

    private static readonly string[] Folders = ["src", "tools", "loadtests"];

    [Fact]
    public void Members_OfEveryType_StandInOrder()
    {
        var misplaced = new List<string>();
        foreach (var folder in Folders)
        {
            var path = Path.Combine(Repository.Root, folder);
            foreach (var file in Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories))
            {
                misplaced.AddRange(Misplaced(File.ReadAllText(file)).Select(member => $"{file}: {member}"));
            }
        }

        Assert.True(misplaced.Count == 0, "after a member that is to follow it: " + string.Join('\n', misplaced));
    }

    [Theory]
    [InlineData("class T { int _a; const int B = 1; }", "B")]
    [InlineData("class T { T() { } static readonly int A = 1; }", "A")]
    [InlineData("class T { void A() { } public void B() { } }", "B")]
    [InlineData("class T { public int A { get; } T() { } }", "T")]
    [InlineData("struct T { void A() { } void I.B() { } }", "B")]
    public void Misplaced_MemberAfterALaterKind_IsNamed(string source, string member) =>
        Assert.Equal([member], Misplaced(source));

    [Theory]
    [InlineData("class T { const int A = 1; int _b; T() { } public int C { get; } internal void D() { } void E() { } }")]
    [InlineData("interface T { void A(); int B { get; } }")]
    [InlineData("class T { enum A { } int _b; struct C { } void D() { } class E { } }")]
    [InlineData("class T { static System.ReadOnlySpan<byte> A => default; int _b; }")]
    public void Misplaced_MembersInOrder_AreNone(string source) => Assert.Empty(Misplaced(source));

    private static IEnumerable<string> Misplaced(string source)
    {
        var tree = CSharpSyntaxTree.ParseText(source);
        foreach (var type in tree.GetRoot().DescendantNodes().OfType<TypeDeclarationSyntax>())
        {
            var last = Place.Constant;
            foreach (var member in type.Members)
            {
                if (PlaceOf(member) is not { } place)
                {
                    continue;
                }

                if (place < last)
                {
                    yield return NameOf(member);
                }
                else
                {
                    last = place;
                }
            }
        }
    }

    private static Place? PlaceOf(MemberDeclarationSyntax member)
    {
        var isStatic = member.Modifiers.Any(SyntaxKind.StaticKeyword);
        var isVisible =
            member.Parent is InterfaceDeclarationSyntax
            || member.ChildNodes().OfType<ExplicitInterfaceSpecifierSyntax>().Any()
            || member.Modifiers.Any(SyntaxKind.PublicKeyword)
            || member.Modifiers.Any(SyntaxKind.InternalKeyword)
            || member.Modifiers.Any(SyntaxKind.ProtectedKeyword);
        return member switch
        {
            BaseTypeDeclarationSyntax or DelegateDeclarationSyntax => null,
            FieldDeclarationSyntax when member.Modifiers.Any(SyntaxKind.ConstKeyword) => Place.Constant,
            FieldDeclarationSyntax when isStatic && member.Modifiers.Any(SyntaxKind.ReadOnlyKeyword) => Place.Constant,
            FieldDeclarationSyntax => Place.Field,
            // Bytes in the image of the program: what a constant is to other types.
            PropertyDeclarationSyntax { Type: GenericNameSyntax or QualifiedNameSyntax } property
                when isStatic && !isVisible && property.Type.ToString().Contains("ReadOnlySpan<") => Place.Constant,
            ConstructorDeclarationSyntax => Place.Constructor,
            DestructorDeclarationSyntax => Place.Public,
            _ => isVisible ? Place.Public : Place.Private,
        };
    }

    private static string NameOf(MemberDeclarationSyntax member) =>
        member switch
        {
            MethodDeclarationSyntax method => method.Identifier.Text,
            PropertyDeclarationSyntax property => property.Identifier.Text,
            ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
            FieldDeclarationSyntax field => field.Declaration.Variables[0].Identifier.Text,
            _ => member.ToString(),
        };
}
