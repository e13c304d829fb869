using OrdersApi.Consumer;

namespace OrdersApi.Demo;

/// <summary>What the demo has seen.</summary>
/// <param name="Posted">Orders that customers had.</param>
/// <param name="Accepted">Orders that were answered with 202.</param>
/// <param name="Repeated">Posts that were not, and were made again.</param>
/// <param name="Confirmed">Orders that the replicas say the broker has.</param>
/// <param name="Shipments">What the consumer did.</param>
/// <param name="Health">What <c>/health</c> has said.</param>
/// <param name="Linked">Orders whose trace goes from the customer to the consumer.</param>
internal sealed record DemoResult(int Posted, int Accepted, int Repeated, int Confirmed, ShipmentCount Shipments, string Health, int Linked)
{
    private long Lost => Accepted - Shipments.Distinct;

    private long HandledTwice => Shipments.Shipped - Shipments.Distinct;

    public bool Holds => Accepted == Posted && Confirmed == Posted && Shipments.Distinct == Posted && HandledTwice == 0 && Health == "Healthy>Degraded>Healthy" && Linked == Posted;

    public override string ToString() =>
        $"posted={Posted} accepted={Accepted} repeated={Repeated} confirmed={Confirmed} delivered={Shipments.Shipped} distinct={Shipments.Distinct} lost={Lost} handled_twice={HandledTwice} copies={Shipments.Copies} "
        + $"health={Health} traces_linked={Linked} of {Posted}";
}
