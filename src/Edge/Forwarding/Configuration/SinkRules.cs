namespace Edge.Forwarding.Configuration;

/// <summary>Rules that need more than one setting of a sink.</summary>
internal static class SinkRules
{
    /// <summary>Adds what is wrong, one line each with the setting's name.</summary>
    public static void Check(SinkOptions options, string source, List<string> problems)
    {
        var prefix = $"{source}: {SinkConfiguration.Prefix}{options.Name}.";
        CheckFields(options, prefix, problems);
        CheckPostgres(options, prefix, problems);
    }

    private static void CheckPostgres(SinkOptions options, string prefix, List<string> problems)
    {
        if (options.Type != SinkType.Postgres)
        {
            return;
        }

        if (options.Connection.Length == 0)
        {
            problems.Add($"{prefix}connection is missing; it must be such as Host=db.example;Database=edge;Username=edge");
        }

        if (options.Password.Length > 0 && options.PasswordFile.Length > 0)
        {
            problems.Add($"{prefix}password and passwordFile both name a password; keep one");
        }
    }

    private static void CheckFields(SinkOptions options, string prefix, List<string> problems)
    {
        if (options.FieldsAllow.Intersect(options.FieldsDeny).FirstOrDefault() is { } both)
        {
            problems.Add($"{prefix}fields.deny denies '{both}', which fields.allow allows; name it once");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in options.FieldsRename.Values)
        {
            if (!names.Add(name))
            {
                problems.Add($"{prefix}fields.rename gives the name '{name}' twice");
            }
        }
    }
}
