using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ReliableMqtt;

/// <summary>Puts publishers into a host.</summary>
/// <remarks>
/// A publisher is an <see cref="IReliablePublisher"/>, a singleton that starts with the host and ends with it. The start waits for the ledger, never for the broker. Calls that come before the
/// start wait for it.
/// </remarks>
public static class ReliableMqttServiceCollectionExtensions
{
    /// <summary>Adds a publisher that code configures.</summary>
    public static IReliableMqttBuilder AddReliableMqtt(this IServiceCollection services, Action<ReliableMqttOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Add(services, null, "ReliableMqtt", options => options.Configure(configure));
    }

    /// <summary>Adds a publisher that a section of the configuration configures: <c>AddReliableMqtt(builder.Configuration.GetSection("ReliableMqtt"))</c>.</summary>
    public static IReliableMqttBuilder AddReliableMqtt(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return Add(services, null, PathOf(section), options => options.Bind(section));
    }

    /// <summary>Adds one of several publishers: <c>[FromKeyedServices("orders")] IReliablePublisher</c>. Each needs a publisher id of its own.</summary>
    public static IReliableMqttBuilder AddKeyedReliableMqtt(this IServiceCollection services, string key, Action<ReliableMqttOptions> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(configure);
        return Add(services, key, $"ReliableMqtt[{key}]", options => options.Configure(configure));
    }

    /// <summary>Adds one of several publishers that a section of the configuration configures.</summary>
    public static IReliableMqttBuilder AddKeyedReliableMqtt(this IServiceCollection services, string key, IConfiguration section)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(section);
        return Add(services, key, PathOf(section), options => options.Bind(section));
    }

    private static PublisherRegistration Add(IServiceCollection services, string? key, string path, Action<OptionsBuilder<ReliableMqttOptions>> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        var name = key ?? Options.DefaultName;
        if (services.Any(service => service.ServiceType == typeof(HostedPublisher) && Equals(service.ServiceKey, name)))
            throw new InvalidOperationException(key is null
                ? "AddReliableMqtt was called before: give each further publisher a key, by AddKeyedReliableMqtt."
                : $"AddKeyedReliableMqtt was called with key '{key}' before.");
        var registration = new PublisherRegistration(services, name);
        configure(services.AddOptionsWithValidateOnStart<ReliableMqttOptions>(name));
        services.AddSingleton<IValidateOptions<ReliableMqttOptions>>(new ReliableMqttOptionsValidator(name, path, () => registration.SetsBroker));
        services.AddKeyedSingleton(name, (provider, _) => new HostedPublisher(registration, provider));
        services.AddSingleton<IHostedService>(provider => new PublisherService(provider.GetRequiredKeyedService<HostedPublisher>(name)));
        if (key is null) services.TryAddSingleton<IReliablePublisher>(provider => provider.GetRequiredKeyedService<HostedPublisher>(name));
        else services.TryAddKeyedSingleton<IReliablePublisher>(key, (provider, _) => provider.GetRequiredKeyedService<HostedPublisher>(name));
        return registration;
    }

    private static string PathOf(IConfiguration section) => section is IConfigurationSection { Path: { Length: > 0 } path } ? path : "ReliableMqtt";
}
