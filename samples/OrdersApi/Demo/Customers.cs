using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using OrdersApi.Api;

namespace OrdersApi.Demo;

/// <summary>Post orders to the replicas in turn. What is not answered with 202 is posted again, under the same id, to the next replica: that is all that a client has to do.</summary>
internal sealed class Customers(HttpClient http, IReadOnlyList<ServiceProcess> replicas)
{
    public const string SourceName = "OrdersApi.Customers";

    private const int AtOnce = 16;
    private static readonly ActivitySource Source = new(SourceName);
    private readonly ConcurrentDictionary<string, ActivityTraceId> _accepted = new();
    private int _repeated;

    public int Accepted => _accepted.Count;

    /// <summary>Posts that were not answered with 202.</summary>
    public int Repeated => Volatile.Read(ref _repeated);

    /// <summary>The accepted orders, and the trace in which each was posted.</summary>
    public IReadOnlyList<(string OrderId, ActivityTraceId Trace)> Requests => [.. _accepted.Select(pair => (pair.Key, pair.Value))];

    public static string IdOf(int number) => $"order-{number:0000}";

    /// <summary>Returns when all of them were accepted.</summary>
    public Task PostAsync(Range numbers, CancellationToken stop) => Parallel.ForEachAsync(
        Enumerable.Range(numbers.Start.Value, numbers.End.Value - numbers.Start.Value),
        new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop },
        async (number, cancel) => await PostAsync(number, cancel));

    /// <summary>How many orders the replicas say the broker has.</summary>
    public async Task<int> CountConfirmedAsync(CancellationToken stop)
    {
        var confirmed = 0;
        await Parallel.ForEachAsync(_accepted.Keys, stop, async (id, cancel) =>
        {
            foreach (var replica in replicas)
            {
                using var response = await http.GetAsync(new Uri(replica.Address, $"/orders/{id}"), cancel);
                if ((string?)(await response.Content.ReadFromJsonAsync<JsonNode>(cancel))!["status"] != "Confirmed") continue;
                Interlocked.Increment(ref confirmed);
                return;
            }
        });
        return confirmed;
    }

    private async Task PostAsync(int number, CancellationToken stop)
    {
        var order = new Order(IdOf(number), "tea", 1 + number % 5);
        using var activity = Source.StartActivity("order", ActivityKind.Client);
        for (var attempt = 0; !await TryPostAsync(order, replicas[(number + attempt) % replicas.Count], stop); attempt++)
        {
            Interlocked.Increment(ref _repeated);
            await Task.Delay(TimeSpan.FromMilliseconds(100), stop);
        }

        _accepted[order.Id!] = activity?.TraceId ?? default;
    }

    private async Task<bool> TryPostAsync(Order order, ServiceProcess replica, CancellationToken stop)
    {
        try
        {
            using var response = await http.PostAsJsonAsync(new Uri(replica.Address, "/orders"), order, stop);
            return response.StatusCode == HttpStatusCode.Accepted;
        }
        catch (Exception error) when (error is HttpRequestException || (error is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return false; // No answer: whether it was accepted is not known.
        }
    }
}
