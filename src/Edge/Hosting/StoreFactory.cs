using Edge.Access;
using Edge.Audit;
using Edge.Postgres;
using Edge.Settings;

namespace Edge.Hosting;

/// <summary>Creates what the setting <c>store.kind</c> names, for the service and for commands.</summary>
internal static class StoreFactory
{
    /// <summary>Where keys are.</summary>
    public static IKeyStore Keys(EdgeOptions options) =>
        options.StoreKind == StoreKind.Postgres
            ? new PostgresKeys(Connection(options))
            : new KeyFile(options.KeysFile);

    /// <summary>Where changes are recorded.</summary>
    public static IAuditLog Audit(EdgeOptions options) =>
        options.StoreKind == StoreKind.Postgres
            ? new PostgresAudit(Connection(options))
            : new AuditLog(options.DataDir);

    /// <summary>A connection to PostgreSQL, which is not opened yet.</summary>
    public static StoreConnection Connection(EdgeOptions options) =>
        new(
            new StoreOptions
            {
                Connection = options.StoreConnection,
                Password = options.StorePassword,
                PasswordFile = options.StorePasswordFile,
            }
        );
}
