using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Commands.Streams;

/// <summary>
/// What a command reads and where it writes. Text goes out with its control characters escaped; bytes do so only when
/// a terminal shows them, so that a file receives exactly what the journal holds. Not thread safe.
/// </summary>
internal sealed partial class StandardStreams
{
    private const int ReadOnly = 0;
    private const int GetDescriptorFlags = 1;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly Func<Stream> _openInput;
    private StreamReader? _in;

    /// <param name="openInput">Opens standard input; called when a command reads it.</param>
    /// <param name="output">Takes what is machine-readable.</param>
    /// <param name="error">Takes what is said to people.</param>
    /// <param name="isTerminal">Whether a terminal shows <paramref name="output"/>.</param>
    public StandardStreams(Func<Stream> openInput, Stream output, Stream error, bool isTerminal)
    {
        _openInput = openInput;
        Output = isTerminal ? new ControlEscapes(output) : output;
        Out = Text(output);
        Error = TextWriter.Synchronized(Text(error));
    }

    /// <summary>Bytes of standard output.</summary>
    public Stream Output { get; }

    /// <summary>Text to standard output.</summary>
    public TextWriter Out { get; }

    /// <summary>Text to standard error.</summary>
    public TextWriter Error { get; }

    /// <summary>Text of standard input, without the mark a file may begin with.</summary>
    public TextReader In => _in ??= new StreamReader(_openInput(), Utf8);

    /// <summary>Those of the process.</summary>
    public static StandardStreams OfProcess()
    {
        OccupyClosedDescriptors();
        return new StandardStreams(
            Console.OpenStandardInput,
            new StandardOutput(StandardOutput.OutputDescriptor),
            new StandardOutput(StandardOutput.ErrorDescriptor),
            isTerminal: NativeIsTerminal(StandardOutput.OutputDescriptor) == 1
        );
    }

    /// <summary>Bytes of standard input.</summary>
    public Stream OpenInput() => _openInput();

    private static GivenNames Text(Stream target) =>
        new(
            new StreamWriter(new ControlEscapes(target), Utf8, bufferSize: 1024)
            {
                AutoFlush = true,
                NewLine = "\n",
            }
        );

    /// <summary>
    /// A descriptor that was closed by whoever started the process would be given to the first file that is opened,
    /// and output would go into that file. One that can only be read makes every write fail instead.
    /// </summary>
    private static void OccupyClosedDescriptors()
    {
        for (var descriptor = 0; descriptor <= StandardOutput.ErrorDescriptor; descriptor++)
        {
            if (NativeControl(descriptor, GetDescriptorFlags, 0) == -1)
            {
                _ = NativeOpen("/dev/null", ReadOnly, 0);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int NativeControl(int descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeOpen(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "isatty")]
    private static partial int NativeIsTerminal(int descriptor);
}
