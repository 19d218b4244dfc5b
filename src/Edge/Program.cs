using Edge.Commands;

// On a terminal the runtime's console begins with control sequences that TERM names; this program writes text alone.
Environment.SetEnvironmentVariable("TERM", "dumb");

return await CommandLine.RunAsync(args);
