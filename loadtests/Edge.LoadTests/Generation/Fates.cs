namespace Edge.LoadTests.Generation;

/// <summary>From an answer to what became of its request. Pure.</summary>
internal static class Fates
{
    /// <param name="problem">What is wrong with the answer; null when nothing is.</param>
    /// <param name="status">Its status.</param>
    public static Fate Of(string? problem, int status) =>
        problem is null ? Fate.Passed
        : status >= 500 ? Fate.Failed
        : status >= 400 ? Fate.Refused
        : Fate.Wrong;
}
