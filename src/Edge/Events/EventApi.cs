namespace Edge.Events;

/// <summary>The APIs events come through, as the member <c>api</c> names them.</summary>
internal static class EventApi
{
    public const string Artie = "artie";
    public const string Millimetric = "millimetric";
    public const string Pictify = "pictify";
    public const string Traffical = "traffical";

    public static readonly string[] All = [Pictify, Traffical, Millimetric, Artie];
}
