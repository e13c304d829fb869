using OrdersApi.Demo;
using OrdersApi.Hosting;
using ReliableMqtt;

namespace OrdersApi.Consumer;

/// <summary>The process that receives the orders. It publishes nothing: of its publisher it uses the MQTTnet client, which reconnects, keeps its session and renews its subscription.</summary>
public static class ConsumerHost
{
    public static WebApplication Build(string[] args)
    {
        var builder = HostSetup.CreateBuilder(args);
        builder.Services.AddSingleton(new ShipmentBook(builder.Configuration["Shipments"] ?? throw new InvalidOperationException("The setting Shipments is missing: the file of what was shipped.")));
        builder.Services.AddSingleton<OrderConsumer>();
        builder.Services.AddHostedService(services => services.GetRequiredService<OrderConsumer>());
        builder.Services.AddReliableMqtt(builder.Configuration.GetSection("ReliableMqtt"))
            .UseConfiguredLedger(builder.Configuration)
            .ConfigureClient((services, client) => services.GetRequiredService<OrderConsumer>().Attach(client));
        builder.Services.AddHealthChecks().AddReliableMqtt();

        var app = builder.Build();
        app.MapGet("/shipments", (ShipmentBook book, OrderConsumer consumer) => book.Count() with { Copies = consumer.Copies, IsSubscribed = consumer.IsSubscribed });
        app.MapHealth();
        return app.InDemo();
    }
}
