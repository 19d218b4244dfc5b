using System.Text;
using Edge.Requests.Ingestion;
using Edge.Tests.Support;
using Xunit;

namespace Edge.Tests.Requests.Ingestion;

/// <summary>Valid bodies of the four APIs that use every member, as a start for damaged ones.</summary>
internal static class SampleBodies
{
    /// <summary>What the events of <see cref="Traffical"/> name.</summary>
    public static readonly TrafficalScope Scope = new("org_acme", "proj_marketplace", "production", 0);

    public static readonly byte[][] Artie = Bytes(
        """[{"messageId":"8b0f62f9-1e8e-4f15-8c2a-9d23c9c6c0e2","event":"signup","timestamp":"2025-10-29T22:00:00.778Z","properties":{"plan":"basic","freeTrial":true}}]""",
        """[{"event":"a\u00e9\ud83d\ude00","properties":{},"timestamp":"2025-10-29T22:00:00+02:00","context":{"n":12345678901234567890},"x":[1e400,null]}, {"event":"b","timestamp":"2025-10-29t22:00:00z","properties":{ "a" : [ { } ] },"messageId":null}]"""
    );

    public static readonly byte[][] ArtieSingle = Bytes(
        """{"event":"a","properties":{"p":[]},"timestamp":"2025-10-29T22:00:00Z","messageId":"m","other":"\ud83d"}"""
    );

    public static readonly byte[][] Millimetric = Bytes(
        """{"event":"signup","event_id":"evt_1","timestamp":"2026-05-16T19:00:00.000Z","anonymous_id":"u_abc","user_id":"user_42","session_id":"sess","url":"https://a.example:443/?utm_source=facebook&fbclid=abc#x","path":"/","referrer":"https://l.facebook.com/","properties":{"plan":"free","n":-1.50}}""",
        """{ "event" : "\u0024pageview" , "url" : null , "properties" : { "s" : "\udc00\u0000é" } , "source" : 1 }"""
    );

    public static readonly byte[][] Traffical = Bytes(
        """{"events":[{"type":"exposure","orgId":"org_acme","projectId":"proj_marketplace","env":"production","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","decisionId":"d","layers":[{"layerId":"l","policyId":"p","allocationName":"t","bucket":7420}]},{"type":"decision","unitKey":"u","timestamp":"2026-05-21T10:30:00Z","layers":[],"latencyMs":1.5}]}""",
        """{"events":[{"type":"track","id":"trk_1","orgId":"org_acme","projectId":"proj_marketplace","env":"production","unitKey":"u","timestamp":"2026-05-21T10:35:00Z","event":"purchase","properties":{"t":49.99},"attribution":[{"layerId":"l","policyId":"p","allocationName":"a","weight":0.5,"model":"linear"}],"value":1,"values":{"a":2},"context":{},"eventTimestamp":"2026-05-21T10:35:00Z","sdkName":"js"}]}"""
    );

    public static readonly byte[][] Pictify = Bytes(
        """[{"event":"impression","experiment":"welcome"},{"event":"click","experiment":"welcome","variantId":"a","channel":"email","device":"mobile","referrer":"https://a.example/","metadata":{"a":{"b":[1]}},"source":"sdk","writeKey":"wk"}]""",
        """{"event":"conversion","experiment":"welcome","metadata":{"total":49.99},"source":"api"}"""
    );

    private static byte[][] Bytes(params string[] bodies) => [.. bodies.Select(Encoding.UTF8.GetBytes)];

    /// <summary>Issues a key of the kind that the bodies fit; returns its secret.</summary>
    public static async Task<string> CreateKeyAsync(string dataDir, string kind)
    {
        string[] scope =
            kind == "traffical"
                ?
                [
                    "--organization",
                    Scope.Organization!,
                    "--environment",
                    Scope.Environment!,
                    "--scope",
                    "sdk:write",
                ]
                : [];
        var (exitCode, secret, error) = await EdgeProcess.RunAsync([
            "keys",
            "create",
            "--kind",
            kind,
            "--project",
            Scope.Project,
            "--data-dir",
            dataDir,
            .. scope,
        ]);
        Assert.True(exitCode == 0, error);
        return secret.Trim();
    }
}
