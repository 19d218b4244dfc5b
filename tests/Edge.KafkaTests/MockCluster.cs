using System.Reflection;
using System.Runtime.InteropServices;

namespace Edge.KafkaTests;

/// <summary>
/// librdkafka's own mock cluster: brokers in this process that speak Kafka's protocol over TCP on loopback to whoever
/// connects, and do what they are told. They keep the newest 5 MB of a partition, do not look for repeated sequence
/// numbers, and know neither TLS nor users.
/// </summary>
internal sealed partial class MockCluster : IDisposable
{
    /// <summary>All brokers at once.</summary>
    public const int Every = -1;

    private const string Library = "librdkafka";
    private const int Producer = 0;
    private const short ProduceRequest = 0;
    private const int ErrorBytes = 512;

    private readonly nint _client;
    private readonly nint _cluster;

    static MockCluster() => NativeLibrary.SetDllImportResolver(typeof(MockCluster).Assembly, Resolve);

    public MockCluster(int brokers = 3)
    {
        var configuration = NewConfiguration();
        Set(configuration, "test.mock.num.brokers", $"{brokers}");
        Set(configuration, "log_level", "0");
        var error = new byte[ErrorBytes];
        _client = New(Producer, configuration, error, ErrorBytes);
        if (_client == 0)
        {
            throw new InvalidOperationException(System.Text.Encoding.UTF8.GetString(error).TrimEnd('\0'));
        }

        _cluster = ClusterOf(_client);
        Bootstrap = Marshal.PtrToStringUTF8(BootstrapsOf(_cluster))!;
        Brokers = brokers;
    }

    /// <summary>Addresses of the brokers, for <c>brokers</c>.</summary>
    public string Bootstrap { get; }

    public int Brokers { get; }

    public void Create(string topic, int partitions) => Check(CreateTopic(_cluster, topic, partitions, Brokers));

    /// <param name="broker">1 and up, or <see cref="Every"/>.</param>
    public void SetDown(int broker) => Check(SetBrokerDown(_cluster, broker));

    public void SetUp(int broker) => Check(SetBrokerUp(_cluster, broker));

    /// <summary>Delays every answer of all brokers.</summary>
    public void Delay(int milliseconds) => Check(SetRoundTrip(_cluster, Every, milliseconds));

    public void Lead(string topic, int partition, int broker) => Check(SetLeader(_cluster, topic, partition, broker));

    /// <summary>The next requests with messages are answered with these errors, one each, and not stored.</summary>
    public void FailProduce(params int[] errors) => PushErrors(_cluster, ProduceRequest, (nuint)errors.Length, errors);

    public void Dispose() => Destroy(_client);

    private static void Set(nint configuration, string name, string value)
    {
        var error = new byte[ErrorBytes];
        if (SetConfiguration(configuration, name, value, error, ErrorBytes) != 0)
        {
            throw new InvalidOperationException(System.Text.Encoding.UTF8.GetString(error).TrimEnd('\0'));
        }
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"the mock cluster answered {error}");
        }
    }

    /// <summary>The package has the library under several names, by what it was built for.</summary>
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        foreach (var candidate in name == Library ? new[] { "centos8-librdkafka", Library } : [name])
        {
            if (NativeLibrary.TryLoad(candidate, assembly, path, out var handle))
            {
                return handle;
            }
        }

        return 0;
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    private static partial nint NewConfiguration();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetConfiguration(nint configuration, string name, string value, byte[] error, nuint errorBytes);

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    private static partial nint New(int type, nint configuration, byte[] error, nuint errorBytes);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    private static partial void Destroy(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_handle_mock_cluster")]
    private static partial nint ClusterOf(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    private static partial nint BootstrapsOf(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateTopic(nint cluster, string topic, int partitions, int replicas);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_down")]
    private static partial int SetBrokerDown(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_up")]
    private static partial int SetBrokerUp(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_rtt")]
    private static partial int SetRoundTrip(nint cluster, int broker, int milliseconds);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_partition_set_leader", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetLeader(nint cluster, string topic, int partition, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_push_request_errors_array")]
    private static partial void PushErrors(nint cluster, short request, nuint count, int[] errors);
}
