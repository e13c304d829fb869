namespace OrdersApi.Api;

/// <summary>What a customer orders.</summary>
/// <param name="Id">Given by the customer, so that the same order may be posted again when the answer was lost; null for one that the service makes.</param>
/// <param name="Item">What.</param>
/// <param name="Quantity">How many.</param>
public sealed record Order(string? Id, string Item, int Quantity)
{
    /// <summary>Where accepted orders are published. One topic: the receiver takes topic and order id as what makes two messages one.</summary>
    public const string Topic = "orders/new";
}
