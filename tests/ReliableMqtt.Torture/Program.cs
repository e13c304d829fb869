using ReliableMqtt.Torture;

return await CommandLine.RunAsync(args);
