using Microsoft.Extensions.Hosting;

namespace ReliableMqtt;

/// <summary>Starts a publisher before the host's other services, and ends it after them: what they publish while they stop is still accepted and drained.</summary>
internal sealed class PublisherService(HostedPublisher publisher) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => publisher.StartAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => publisher.StopAsync(cancellationToken);
}
