using System.Security.Cryptography;

namespace Edge.Experiments;

/// <summary>The actions that change an experiment's status.</summary>
internal enum LifecycleAction
{
    /// <summary>Serve and count, for the first time or again.</summary>
    Start,

    /// <summary>Keep serving, stop counting.</summary>
    Pause,

    /// <summary>End it with a winner.</summary>
    Complete,

    /// <summary>Soft-delete it and free its slug.</summary>
    Archive,
}

/// <summary>The status transitions (spec 2.9) and their effect on the definition. Pure.</summary>
internal static class Lifecycle
{
    private const string UidPrefix = "exp_";
    private const string UidAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int UidRandomChars = 16;

    /// <summary>A new uid, 82 random bits.</summary>
    public static string CreateUid() => UidPrefix + RandomNumberGenerator.GetString(UidAlphabet, UidRandomChars);

    /// <summary>Whether a text has the form of a uid; one from elsewhere may be of another length.</summary>
    public static bool IsUid(string text) =>
        text.StartsWith(UidPrefix, StringComparison.Ordinal)
        && text.Length > UidPrefix.Length
        && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    /// <summary>The status an action leads to; null when the action is not allowed.</summary>
    public static ExperimentStatus? Target(ExperimentStatus from, LifecycleAction action) =>
        (from, action) switch
        {
            (ExperimentStatus.Draft or ExperimentStatus.Paused, LifecycleAction.Start) => ExperimentStatus.Running,
            (ExperimentStatus.Running, LifecycleAction.Pause) => ExperimentStatus.Paused,
            (ExperimentStatus.Running or ExperimentStatus.Paused, LifecycleAction.Complete) =>
                ExperimentStatus.Completed,
            (
                ExperimentStatus.Draft
                    or ExperimentStatus.Paused
                    or ExperimentStatus.Completed,
                LifecycleAction.Archive
            ) => ExperimentStatus.Archived,
            _ => null,
        };

    /// <summary>Every status that can be reached in one step, in the order of the actions.</summary>
    public static IEnumerable<ExperimentStatus> Targets(ExperimentStatus from) =>
        Enum.GetValues<LifecycleAction>().Select(action => Target(from, action)).OfType<ExperimentStatus>();

    /// <summary>The experiment after an allowed transition; pauses are excluded from its running time.</summary>
    /// <param name="experiment">The experiment before the transition.</param>
    /// <param name="target">Its new status.</param>
    /// <param name="winner">Id of the winner when it is completed; may be null.</param>
    /// <param name="now">Time of the transition.</param>
    public static Experiment Move(Experiment experiment, ExperimentStatus target, string? winner, DateTimeOffset now)
    {
        var isRunning = target == ExperimentStatus.Running;
        var isCompleted = target == ExperimentStatus.Completed;
        return experiment with
        {
            Status = target,
            RunningSince = isRunning ? now : null,
            RanSeconds = (int)Math.Min(int.MaxValue, experiment.RunTime(now).TotalSeconds),
            WinnerVariantId = isCompleted ? winner : experiment.WinnerVariantId,
            WinnerDeclaredAt = isCompleted ? now : experiment.WinnerDeclaredAt,
            UpdatedAt = Touch(experiment, now),
        };
    }

    /// <summary>The next value of <c>updatedAt</c>: later than the current one even if the clock is not.</summary>
    public static DateTimeOffset Touch(Experiment experiment, DateTimeOffset now)
    {
        var earliest = experiment.UpdatedAt.AddMilliseconds(1);
        return now > earliest ? now : earliest;
    }
}
