using Edge.Events;
using Edge.Forwarding;
using Edge.Forwarding.ClickHouse;

namespace Edge.Settings.Sinks;

/// <summary>Checks rules that involve more than one setting of a sink.</summary>
internal static class SinkRules
{
    /// <summary>Adds problems, one line each with the setting's name.</summary>
    public static void Check(SinkOptions options, string source, List<string> problems)
    {
        var prefix = $"{source}: {SinkConfiguration.Prefix}{options.Name}.";
        CheckFields(options, prefix, problems);
        CheckPostgres(options, prefix, problems);
        CheckHttp(options, prefix, problems);
        CheckClickHouse(options, prefix, problems);
    }

    private static void CheckHttp(SinkOptions options, string prefix, List<string> problems)
    {
        if (options.Type is not (SinkType.Http or SinkType.ClickHouse))
        {
            return;
        }

        if (options.Url.Length == 0)
        {
            problems.Add($"{prefix}url is missing or invalid; give one such as http://server.example:8123");
        }

        if (options.Secret.Length > 0 && options.SecretFile.Length > 0)
        {
            problems.Add($"{prefix}secret and secretFile are both set; keep one");
        }
        else if (options.SecretFile.Length > 0)
        {
            ReadSecret(options, prefix, problems);
        }

        if (options.SecretPrevious.Length > 0 && options.Secret.Length == 0)
        {
            problems.Add($"{prefix}secretPrevious is set without secret; put the current key into secret");
        }
    }

    private static void ReadSecret(SinkOptions options, string prefix, List<string> problems)
    {
        if (SettingValue.OfFile(options.SecretFile, out var secret) is { } problem)
        {
            problems.Add($"{prefix}secretFile {problem}");
        }

        options.Secret = secret;
    }

    private static void CheckClickHouse(SinkOptions options, string prefix, List<string> problems)
    {
        if (options.Type != SinkType.ClickHouse)
        {
            return;
        }

        if (ClickHouseTable.Problem(options.Table) is { } wrong)
        {
            problems.Add($"{prefix}table {wrong}");
        }

        if (options.Password.Length > 0 && options.PasswordFile.Length > 0)
        {
            problems.Add($"{prefix}password and passwordFile are both set; keep one");
        }

        if (options.Url.Contains('?', StringComparison.Ordinal))
        {
            problems.Add($"{prefix}url must not contain a query; the sink adds it");
        }
    }

    private static void CheckPostgres(SinkOptions options, string prefix, List<string> problems)
    {
        if (options.Type != SinkType.Postgres)
        {
            return;
        }

        if (options.Connection.Length == 0)
        {
            problems.Add(
                $"{prefix}connection is missing; give one such as Host=db.example;Database=edge;Username=edge"
            );
        }

        if (options.Password.Length > 0 && options.PasswordFile.Length > 0)
        {
            problems.Add($"{prefix}password and passwordFile are both set; keep one");
        }
    }

    /// <summary>Whether a member of events is sent, under its own name.</summary>
    private static bool IsSent(SinkOptions options, string name) =>
        EventSchema.All.Any(member => member.Name == name)
        && !options.FieldsRename.ContainsKey(name)
        && !options.FieldsDeny.Contains(name)
        && (name == "id" || options.FieldsAllow.Length == 0 || options.FieldsAllow.Contains(name));

    private static void CheckFields(SinkOptions options, string prefix, List<string> problems)
    {
        if (options.FieldsAllow.Intersect(options.FieldsDeny).FirstOrDefault() is { } both)
        {
            problems.Add($"{prefix}fields.deny denies '{both}', which fields.allow allows; remove it from one of them");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (member, name) in options.FieldsRename)
        {
            if (!names.Add(name))
            {
                problems.Add($"{prefix}fields.rename uses the name '{name}' twice");
            }
            else if (IsSent(options, name))
            {
                problems.Add(
                    $"{prefix}fields.rename gives {member} the name of another member, '{name}'; rename or deny that too"
                );
            }
        }
    }
}
