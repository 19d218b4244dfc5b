using Confluent.Kafka;

namespace Edge.Forwarding.Kafka;

/// <summary>
/// An idempotent producer for one topic, as the client library makes it. Messages are copied into the library's memory,
/// which is bounded by its queue; what became of them is reported while <see cref="Poll"/> runs, on the caller's thread.
/// Used by the pump's thread.
/// </summary>
internal sealed class KafkaProducer : IDisposable
{
    /// <summary>The header with the event's <c>id</c>, by which consumers recognise one that comes again.</summary>
    public const string IdHeader = "edge-id";

    /// <summary>
    /// The library waits for its threads at the end, and one of them may be resolving a name.
    /// </summary>
    private static readonly TimeSpan CloseLimit = TimeSpan.FromMilliseconds(500);

    private readonly string _topic;
    private readonly string _user;
    private readonly KafkaComplaint _complaint = new();
    private readonly Action<int, ErrorCode> _reported;
    private readonly IProducer<byte[]?, byte[]> _client;
    private string _password;

    /// <summary>
    /// Makes the client, which connects by itself. Throws what <see cref="KafkaFailure.IsExpected"/> knows.
    /// </summary>
    /// <param name="options">The settings.</param>
    /// <param name="password">The password, when there is a user.</param>
    /// <param name="reported">Takes the index of a message and what became of it.</param>
    public KafkaProducer(KafkaSinkOptions options, string password, Action<int, ErrorCode> reported)
    {
        _topic = options.Topic;
        _user = options.SaslUser;
        _password = password;
        _reported = reported;
        var configuration = KafkaConfiguration.Of(options, password);
        // Reports come when they are asked for, on the caller's thread, and say no more than what is wrong.
        configuration["dotnet.producer.enable.background.poll"] = "false";
        configuration["dotnet.producer.delivery.report.fields"] = "none";
        _client = new ProducerBuilder<byte[]?, byte[]>(configuration)
            .SetLogHandler((_, line) => _complaint.Note(line))
            .Build();
    }

    /// <summary>What the library complains of.</summary>
    public KafkaComplaint Complaint => _complaint;

    /// <summary>Uses another password for connections from now on.</summary>
    public void Authenticate(string password)
    {
        if (password != _password)
        {
            _client.SetSaslCredentials(_user, password);
            _password = password;
        }
    }

    /// <summary>Hands a message over. An error means that it was not taken, and that no report follows.</summary>
    /// <param name="index">What the report names.</param>
    /// <param name="key">The key; empty for none.</param>
    /// <param name="value">The message; copied.</param>
    /// <param name="id">Value of <see cref="IdHeader"/>; copied.</param>
    public ErrorCode Send(int index, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ReadOnlySpan<byte> id)
    {
        var message = new Message<byte[]?, byte[]>
        {
            Key = key.IsEmpty ? null : key.ToArray(),
            Value = value.ToArray(),
            Headers = new Headers { { IdHeader, id.ToArray() } },
        };
        try
        {
            _client.Produce(_topic, message, report => _reported(index, report.Error.Code));
            return ErrorCode.NoError;
        }
        catch (KafkaException e)
        {
            return e.Error.Code;
        }
    }

    /// <summary>Lets reports come, or waits for one.</summary>
    public void Poll(TimeSpan longest) => _client.Poll(longest);

    /// <summary>Ends the client. What it still holds may have been taken or not.</summary>
    public void Dispose()
    {
        var closing = new Thread(Close) { IsBackground = true, Name = "edge-kafka-close" };
        closing.Start();
        closing.Join(CloseLimit);
    }

    private void Close()
    {
        try
        {
            _client.Dispose();
        }
        catch (Exception e) when (KafkaFailure.IsExpected(e))
        {
            // Nothing is left to be done with it.
            _complaint.Forget();
        }
    }
}
