using Edge.LoadTests.Commands;

return await CommandLine.RunAsync(args, Console.Out, Console.Error);
