using OrdersApi.Api;
using OrdersApi.Consumer;
using OrdersApi.Demo;

// `api` and `consumer` are what you would deploy. The demo starts both, and a broker, and makes trouble.
switch (args)
{
    case ["api", .. var rest]:
        await ApiHost.Build(rest).RunAsync();
        return 0;
    case ["consumer", .. var rest]:
        await ConsumerHost.Build(rest).RunAsync();
        return 0;
    case []:
        return await DemoRun.RunAsync(redis: null);
    case ["--ledger", var redis]:
        return await DemoRun.RunAsync(redis);
    default:
        await Console.Error.WriteLineAsync("Usage: OrdersApi [--ledger redis://host:port] | api [settings] | consumer [settings]");
        return 2;
}
