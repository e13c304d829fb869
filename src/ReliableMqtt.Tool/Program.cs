using ReliableMqtt.Tool;

return await CommandLine.RunAsync(args, new ToolHost());
