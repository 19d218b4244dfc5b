using Edge.Events;
using Edge.Forwarding;
using Edge.Forwarding.ClickHouse;

namespace Edge.Settings.Sinks;

/// <summary>Checks rules that involve more than one setting of a sink.</summary>
/// <param name="options">The sink.</param>
/// <param name="source">Where it was declared.</param>
/// <param name="refused">Keys of which a value was refused: a rule that needs one of them is not checked.</param>
/// <param name="problems">Receives problems, one line each with the setting's name.</param>
internal sealed class SinkRules(
    SinkOptions options,
    string source,
    IReadOnlySet<string> refused,
    List<string> problems
)
{
    private readonly string _prefix = $"{source}: {SinkConfiguration.Prefix}{options.Name}.";

    public void Check()
    {
        CheckFields();
        CheckPassword();
        CheckPostgres();
        CheckHttp();
        CheckClickHouse();
        CheckKafka();
    }

    private void Report(string problem, params string[] keys)
    {
        if (!Array.Exists(keys, refused.Contains))
        {
            problems.Add(_prefix + problem);
        }
    }

    private void CheckHttp()
    {
        if (options.Type is not (SinkType.Http or SinkType.ClickHouse))
        {
            return;
        }

        if (options.Url.Length == 0)
        {
            Report("url is missing; give one such as http://server.example:8123", "url");
        }

        if (options.Secret.Length > 0 && options.SecretFile.Length > 0)
        {
            Report("secret and secretFile are both set; keep one");
        }
        else if (options.SecretFile.Length > 0)
        {
            if (SettingValue.OfFile(options.SecretFile, out var secret) is { } problem)
            {
                Report($"secretFile {problem}");
                return;
            }

            options.Secret = secret;
        }

        if (options.SecretPrevious.Length > 0 && options.Secret.Length == 0)
        {
            Report("secretPrevious is set without secret; put the current key into secret", "secret", "secretFile");
        }
    }

    private void CheckClickHouse()
    {
        if (options.Type != SinkType.ClickHouse)
        {
            return;
        }

        if (ClickHouseTable.Problem(options.Table) is { } wrong)
        {
            Report($"table {wrong}", "table");
        }

        if (options.Url.Contains('?', StringComparison.Ordinal))
        {
            Report("url must not contain a query; the sink adds it");
        }
    }

    private void CheckPostgres()
    {
        if (options.Type == SinkType.Postgres && options.Connection.Length == 0)
        {
            Report(
                "connection is missing; give one such as Host=db.example;Database=edge;Username=edge",
                "connection"
            );
        }
    }

    private void CheckKafka()
    {
        if (options.Type != SinkType.Kafka)
        {
            return;
        }

        if (options.Brokers.Length == 0)
        {
            Report("brokers is missing; give one or more such as kafka-1.example:9092", "brokers");
        }

        CheckKafkaTls();
        CheckKafkaUser();
        if (MessageKeys.Member(options.Key) is { } member && !IsSent(member.Name))
        {
            Report(
                $"key {SettingValue.CamelCase(options.Key.ToString())} needs the member {member.Name}, which fields leaves out or renames;"
                    + " send it, or set key to none",
                "key",
                "fields.allow",
                "fields.deny",
                "fields.rename"
            );
        }
    }

    private void CheckKafkaTls()
    {
        (string Key, string Path)[] files =
        [
            ("caFile", options.CaFile),
            ("certificateFile", options.CertificateFile),
            ("keyFile", options.KeyFile),
        ];
        foreach (var (key, path) in files)
        {
            if (path.Length > 0 && !File.Exists(path))
            {
                Report($"{key} names a file that is not there", key);
            }
        }

        if (options.CertificateFile.Length > 0 != options.KeyFile.Length > 0)
        {
            Report("certificateFile and keyFile belong together; set both", "certificateFile", "keyFile");
        }

        if (!options.Tls && Array.Exists(files, static file => file.Path.Length > 0))
        {
            Report("caFile, certificateFile and keyFile are of no use without tls; set it to true", "tls");
        }
    }

    private void CheckKafkaUser()
    {
        var hasPassword = options.Password.Length > 0 || options.PasswordFile.Length > 0;
        if (options.Sasl == SaslMechanism.None)
        {
            if (hasPassword || options.SaslUser.Length > 0)
            {
                Report(
                    "saslUser and password are of no use without sasl; set it to plain, scramSha256 or scramSha512",
                    "sasl"
                );
            }

            return;
        }

        if (options.SaslUser.Length == 0)
        {
            Report("saslUser is missing; sasl needs one", "saslUser");
        }

        if (!hasPassword)
        {
            Report("password is missing; sasl needs it, or passwordFile", "password", "passwordFile");
        }
    }

    private void CheckPassword()
    {
        if (options.Password.Length > 0 && options.PasswordFile.Length > 0)
        {
            Report("password and passwordFile are both set; keep one");
        }
    }

    /// <summary>Whether a member of events is sent, under its own name.</summary>
    private bool IsSent(string name) =>
        EventSchema.All.Any(member => member.Name == name)
        && !options.FieldsRename.ContainsKey(name)
        && !options.FieldsDeny.Contains(name)
        && (name == "id" || options.FieldsAllow.Length == 0 || options.FieldsAllow.Contains(name));

    private void CheckFields()
    {
        if (options.FieldsAllow.Intersect(options.FieldsDeny).FirstOrDefault() is { } both)
        {
            Report($"fields.deny denies '{both}', which fields.allow allows; remove it from one of them");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (member, name) in options.FieldsRename)
        {
            if (!names.Add(name))
            {
                Report($"fields.rename uses the name '{name}' twice");
            }
            else if (IsSent(name))
            {
                Report(
                    $"fields.rename gives {member} the name of another member, '{name}'; rename or deny that too",
                    "fields.allow",
                    "fields.deny",
                    "fields.rename"
                );
            }
        }
    }
}
