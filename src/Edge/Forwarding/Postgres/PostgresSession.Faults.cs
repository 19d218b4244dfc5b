using Edge.Storage.Faults;

namespace Edge.Forwarding.Postgres;

/// <summary>The fault build's half of <see cref="PostgresSession"/>.</summary>
internal sealed partial class PostgresSession
{
    static partial void InjectInsert(ref string sql)
    {
        if (Bugs.Planted(Bug.RepeatedRows))
        {
            sql = sql[..sql.IndexOf(" ON CONFLICT", StringComparison.Ordinal)];
        }
    }

    static partial void InjectCommit(ref bool isSkipped) => isSkipped = Bugs.Planted(Bug.NoServerCommit);
}
