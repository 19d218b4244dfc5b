using Edge.LoadTests.Scenarios;

namespace Edge.LoadTests.Generation;

/// <summary>From an answer to what became of its request. Pure.</summary>
internal static class Fates
{
    public static (Fate Fate, string? Problem) Judge(LoadRequest request, in Answer answer, long number)
    {
        var problem = request.Check(answer, number);
        return (
            problem is null ? Fate.Passed
            : answer.Status >= 500 ? Fate.Failed
            : answer.Status >= 400 ? Fate.Refused
            : Fate.Wrong,
            problem
        );
    }
}
