using Edge.Formats;
using Edge.Storage;
using Npgsql;

namespace Edge.Postgres;

/// <summary>The rules of a configured connection to PostgreSQL, the same for sinks and the store.</summary>
internal static class PostgresConnection
{
    /// <summary>What is named in a connection most, for the one that was meant.</summary>
    private static readonly string[] Keywords =
    [
        "Host",
        "Port",
        "Database",
        "Username",
        "Password",
        "Passfile",
        "SSL Mode",
        "SSL Certificate",
        "SSL Key",
        "Root Certificate",
        "Application Name",
        "Search Path",
        "Timeout",
        "Command Timeout",
        "Keepalive",
    ];

    /// <summary>Where the server is, for messages: never with a user or a password.</summary>
    public static string Place(string connection)
    {
        var builder = new NpgsqlConnectionStringBuilder(connection);
        return $"{builder.Host}:{builder.Port}";
    }

    /// <summary>What is wrong with a configured connection; null when it can be tried.</summary>
    public static string? Problem(string connection)
    {
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(connection);
            return string.IsNullOrEmpty(builder.Host)
                ? "must name at least the host: Host=db.example;Database=edge;Username=edge"
                : null;
        }
        catch (Exception e)
            when (e is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return "is no connection string such as Host=db.example;Database=edge;Username=edge: "
                + FaultOf((e as ArgumentException)?.ParamName);
        }
    }

    /// <summary>A connection string that <see cref="Problem"/> accepts, as it may be shown.</summary>
    public static string WithoutPasswords(string connection)
    {
        const string Mask = "(set)";
        var builder = new NpgsqlConnectionStringBuilder(connection);
        var isMasked = false;
        if (!string.IsNullOrEmpty(builder.Password))
        {
            builder.Password = Mask;
            isMasked = true;
        }

        if (!string.IsNullOrEmpty(builder.SslPassword))
        {
            builder.SslPassword = Mask;
            isMasked = true;
        }

        return isMasked ? builder.ConnectionString : connection;
    }

    /// <summary>
    /// A source of connections without a pool. Throws <see cref="IOException"/> when the file of the password cannot be read.
    /// </summary>
    /// <param name="connection">What <see cref="Problem"/> accepts.</param>
    /// <param name="password">Password outside it; empty is none.</param>
    /// <param name="passwordFile">File with the password; empty is none.</param>
    /// <param name="connectTimeoutMs">Longest time a connect may take, milliseconds; whole seconds.</param>
    /// <param name="statementTimeoutMs">Longest time the server may take for one statement, milliseconds.</param>
    public static NpgsqlDataSource BuildSource(
        string connection,
        string password,
        string passwordFile,
        int connectTimeoutMs,
        int statementTimeoutMs
    )
    {
        var builder = new NpgsqlSlimDataSourceBuilder(connection);
        builder.EnableTransportSecurity();

        // Only types every server has are used.
        builder.ConfigureTypeLoading(static loading => loading.EnableTypeLoading(false));
        var settings = builder.ConnectionStringBuilder;
        settings.Pooling = false;
        settings.Enlist = false;
        settings.IncludeErrorDetail = false;
        settings.Timeout = Math.Max(1, connectTimeoutMs / 1_000);
        settings.CommandTimeout = 1 + (statementTimeoutMs / 1_000);
        settings.ApplicationName ??= "edge";
        if (passwordFile.Length > 0)
        {
            settings.Password = ReadPassword(passwordFile);
        }
        else if (password.Length > 0)
        {
            settings.Password = password;
        }

        return builder.Build();
    }

    private static string ReadPassword(string file)
    {
        try
        {
            return DiskFile.ReadLine(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"passwordFile cannot be read: {e.Message}", e);
        }
    }

    /// <summary>What is wrong, in our words; the library names the keyword at best, in lower case. Never a value.</summary>
    private static string FaultOf(string? keyword)
    {
        if (keyword is null)
        {
            return "it must be Name=Value pairs with ; between them";
        }

        if (Keywords.FirstOrDefault(known => known.Equals(keyword, StringComparison.OrdinalIgnoreCase)) is { } known)
        {
            return $"{known} cannot have the value it has";
        }

        return NearestName.Probable(Keywords, keyword) is { } meant
            ? $"'{keyword}' is not known; did you mean {meant}?"
            : $"'{keyword}' is not known, or cannot have the value it has";
    }
}
