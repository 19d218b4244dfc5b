namespace Edge.Endpoints;

/// <summary>
/// Compares methods as RFC 9110 section 9.1 says: by case. The framework's own comparisons do not, and
/// <c>delete</c> would delete. Pure.
/// </summary>
internal static class RequestMethod
{
    public static bool IsGet(string method) => method == HttpMethods.Get;

    public static bool IsHead(string method) => method == HttpMethods.Head;

    public static bool IsPost(string method) => method == HttpMethods.Post;

    public static bool IsPut(string method) => method == HttpMethods.Put;

    public static bool IsOptions(string method) => method == HttpMethods.Options;
}
