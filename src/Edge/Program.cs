using Edge.Commands;

return await CommandLine.RunAsync(args);
