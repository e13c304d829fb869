using OrdersApi.Demo;
using OrdersApi.Hosting;
using ReliableMqtt;

namespace OrdersApi.Api;

/// <summary>A replica of the service. With a ledger in Redis any number of them share a publisher id, and with <c>ReliableMqtt:AcceptOnly</c> they leave the sending to another process.</summary>
public static class ApiHost
{
    public static WebApplication Build(string[] args)
    {
        var builder = HostSetup.CreateBuilder(args);
        builder.Services.AddReliableMqtt(builder.Configuration.GetSection("ReliableMqtt")).UseConfiguredLedger(builder.Configuration);
        builder.Services.AddHealthChecks().AddReliableMqtt();

        var app = builder.Build();
        app.MapOrders();
        app.MapHealth();
        return app.InDemo();
    }
}
