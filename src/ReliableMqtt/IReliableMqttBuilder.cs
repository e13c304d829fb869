using Microsoft.Extensions.DependencyInjection;

namespace ReliableMqtt;

/// <summary>Configures a hosted publisher; what <c>AddReliableMqtt</c> returns.</summary>
public interface IReliableMqttBuilder
{
    /// <summary>The container's services.</summary>
    IServiceCollection Services { get; }

    /// <summary>The name of the publisher's options; empty for the one without a key.</summary>
    string Name { get; }

    /// <summary>Says where accepted messages are kept. The last call counts.</summary>
    /// <param name="ledger">Makes the ledger when the host starts. The publisher disposes it; what it takes from the container it must not.</param>
    IReliableMqttBuilder UseLedger(Func<IServiceProvider, Ledger.AckLedger> ledger);
}
