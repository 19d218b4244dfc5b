using Edge.Commands;
using Edge.Machine;

// On a terminal the runtime's console begins with control sequences that TERM names; this program writes text alone.
Environment.SetEnvironmentVariable("TERM", "dumb");

ProcessLimits.ProtectNewFiles();

return await CommandLine.RunAsync(args);
