using OpenTelemetry;
using OpenTelemetry.Trace;
using OrdersApi.Consumer;
using ReliableMqtt.Sample.Broker;

namespace OrdersApi.Demo;

/// <summary>1,000 orders to two replicas, while the broker restarts and a replica is killed: <c>customers → replicas → broker → consumer</c>, each replica and the consumer a process of its own.</summary>
internal sealed class DemoRun(string folder, EmbeddedBroker broker, HttpClient http, string? redis, CancellationToken limit)
{
    private const int Orders = 1_000, BrokerStopsAt = 300, KilledAt = 450, BrokerStartsAt = 700;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private readonly TraceBook _traces = new();

    /// <returns>0 when all held, 1 when something did not.</returns>
    public static async Task<int> RunAsync(string? redis)
    {
        using var limit = new CancellationTokenSource(Deadline);
        using var tracer = Sdk.CreateTracerProviderBuilder().AddSource(Customers.SourceName).Build(); // So that requests carry a trace.
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        var folder = Directory.CreateTempSubdirectory("orders-api-").FullName;
        try
        {
            await using var broker = new EmbeddedBroker();
            await broker.StartAsync();
            return await new DemoRun(folder, broker, http, redis, limit.Token).RunAsync();
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            Console.WriteLine($"not finished within {Deadline.TotalSeconds:0} s");
            return 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<int> RunAsync()
    {
        var plan = new DemoPlan(folder, broker.Port, redis, _traces);
        try
        {
            return await RunAsync(plan);
        }
        catch
        {
            foreach (var process in plan.All) await Console.Error.WriteLineAsync($"--- {process.Name}\n{string.Join('\n', process.LogTail)}");
            throw;
        }
        finally
        {
            foreach (var process in plan.All) await process.DisposeAsync();
        }
    }

    private async Task<int> RunAsync(DemoPlan plan)
    {
        await Task.WhenAll(plan.All.Select(process => process.StartAsync(limit)));
        await UntilAsync(async () => (await ShipmentsAsync(plan)).IsSubscribed);
        var customers = new Customers(http, plan.Replicas);
        await using var health = new HealthWatch(http, plan.Senders[^1]);
        await health.StartAsync(limit);

        await customers.PostAsync(..BrokerStopsAt, limit);
        await broker.RestartAsync(whileDown: async () =>
        {
            Console.WriteLine($"The broker is down after {customers.Accepted} orders; orders are accepted all the same.");
            await health.UntilAsync("Degraded", limit);
            await Task.WhenAll(customers.PostAsync(BrokerStopsAt..BrokerStartsAt, limit), KillAsync(plan.Replicas[0], customers));
            Console.WriteLine($"The broker comes back after {customers.Accepted} orders.");
        });
        await customers.PostAsync(BrokerStartsAt..Orders, limit);
        await health.UntilAsync("Healthy", limit);

        await UntilAsync(async () => await PendingAsync(plan) == 0);
        await broker.DrainAsync();
        await UntilAsync(async () => (await ShipmentsAsync(plan)).Distinct >= customers.Accepted);
        var confirmed = await customers.CountConfirmedAsync(limit);
        var shipments = await ShipmentsAsync(plan);
        var story = await health.StopAsync();
        foreach (var process in plan.All)
        {
            // In order, so that the last spans are reported.
            if (await process.StopAsync() is not 0 and var code) throw new InvalidOperationException($"{process.Name} has ended with exit code {code}.");
        }

        var result = new DemoResult(Orders, customers.Accepted, customers.Repeated, confirmed, shipments, story, _traces.CountLinked(customers.Requests));
        Console.WriteLine(result);
        return result.Holds ? 0 : 1;
    }

    private async Task KillAsync(ServiceProcess replica, Customers customers)
    {
        await UntilAsync(() => Task.FromResult(customers.Accepted >= KilledAt));
        var (_, data) = await HealthWatch.AskAsync(http, replica, limit);
        await replica.KillAsync();
        Console.WriteLine($"{replica.Name} was killed after {customers.Accepted} orders, with {data["pending"]} orders in its ledger that the broker did not have.");
        await replica.StartAsync(limit);
    }

    private Task<ShipmentCount> ShipmentsAsync(DemoPlan plan) => http.GetFromJsonAsync<ShipmentCount>(new Uri(plan.Consumer.Address, "/shipments"), limit)!;

    private async Task<long> PendingAsync(DemoPlan plan)
    {
        var pending = 0L;
        foreach (var sender in plan.Senders) pending += (long)(await HealthWatch.AskAsync(http, sender, limit)).Data["pending"]!;
        return pending;
    }

    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition()) await Task.Delay(TimeSpan.FromMilliseconds(20), limit);
    }
}
