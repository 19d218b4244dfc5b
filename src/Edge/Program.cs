using System.Runtime.Versioning;
using Edge.Commands;

[assembly: SupportedOSPlatform("linux")]

return await CommandLine.RunAsync(args);
