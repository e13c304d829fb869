using ReliableMqtt.Sample;

return await CommandLine.RunAsync(args);
