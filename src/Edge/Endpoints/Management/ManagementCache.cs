using System.Globalization;
using Edge.Catalog;
using Microsoft.AspNetCore.OutputCaching;

namespace Edge.Endpoints.Management;

/// <summary>
/// How the framework's output cache holds answers to GET. The version of the catalog is part of what an answer is found
/// by, so a client that has changed something can never be given the state before; the old answers are evicted when the
/// catalog changes and would not be asked for anyway. Counters of an answer are at most <see cref="CountersAge"/> old.
/// </summary>
internal sealed class ManagementCache(CatalogHolder catalog) : IOutputCachePolicy
{
    /// <summary>Marks every answer of the management API.</summary>
    public const string Tag = "experiments";

    /// <summary>Most memory all answers may take.</summary>
    public const long BytesMax = 16 << 20;

    /// <summary>Longest answer that is kept.</summary>
    public const long AnswerBytesMax = 1 << 20;

    private static readonly TimeSpan CountersAge = TimeSpan.FromSeconds(1);

    public ValueTask CacheRequestAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        var request = context.HttpContext.Request;
        // Shares are no part of the catalog, whose version would tell an old answer from a new one.
        var isRead =
            (RequestMethod.IsGet(request.Method) || RequestMethod.IsHead(request.Method))
            && ManagementApi.RequestOf(context.HttpContext).Rest is not [_, "shares"];
        context.EnableOutputCaching = isRead;
        context.AllowCacheLookup = isRead;
        context.AllowCacheStorage = isRead;
        context.AllowLocking = true;
        context.ResponseExpirationTimeSpan = CountersAge;
        context.Tags.Add(Tag);
        context.CacheVaryByRules.QueryKeys = "*";
        context.CacheVaryByRules.VaryByHost = false;
        // The cache itself compares paths without regard to case, but uids differ by case.
        context.CacheVaryByRules.VaryByValues["path"] = request.Path.Value ?? "";
        context.CacheVaryByRules.VaryByValues["team"] = ManagementApi.RequestOf(context.HttpContext).Team ?? "";
        context.CacheVaryByRules.VaryByValues["catalog"] = catalog.Current.Version.ToString(
            CultureInfo.InvariantCulture
        );
        return ValueTask.CompletedTask;
    }

    public ValueTask ServeFromCacheAsync(OutputCacheContext context, CancellationToken cancellation) =>
        ValueTask.CompletedTask;

    public ValueTask ServeResponseAsync(OutputCacheContext context, CancellationToken cancellation)
    {
        context.AllowCacheStorage &= context.HttpContext.Response.StatusCode == StatusCodes.Status200OK;
        return ValueTask.CompletedTask;
    }
}
