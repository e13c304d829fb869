using System.Text.Json;
using MQTTnet.Protocol;
using ReliableMqtt;

namespace OrdersApi.Api;

/// <summary>The two endpoints: accept an order, and say where it stands.</summary>
public static class OrderEndpoints
{
    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        app.MapPost("/orders", AcceptAsync);
        app.MapGet("/orders/{id}", StatusAsync);
    }

    /// <summary>202 means: it is in the ledger, and will be delivered whether or not this process lives on. The broker is not waited for.</summary>
    private static async Task<IResult> AcceptAsync(Order order, IReliablePublisher publisher, CancellationToken cancel)
    {
        order = order with { Id = order.Id ?? Guid.NewGuid().ToString("N") };
        try
        {
            // The order's id is the message's: an order that is posted twice is stored once.
            var pending = await publisher.EnqueueAsync(
                new PublishMessage(Order.Topic, JsonSerializer.SerializeToUtf8Bytes(order), MqttQualityOfServiceLevel.ExactlyOnce, new PublishOptions { MessageId = new MessageId(order.Id) }), cancel);
            return Results.Accepted($"/orders/{order.Id}", new { id = pending.MessageId.Value, known = pending.IsDuplicate });
        }
        catch (ArgumentException error)
        {
            return Results.Problem(error.Message, statusCode: StatusCodes.Status400BadRequest);
        }
        catch (ReliablePublishException error) when (error.IsTransient)
        {
            // Nothing was stored, or it is not known: with the same id it may be posted again either way.
            return Results.Problem(error.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
        catch (ReliablePublishException error) when (error.Reason is PublishFailure.MessageTooLarge or PublishFailure.InvalidMessage)
        {
            return Results.Problem(error.Message, statusCode: StatusCodes.Status422UnprocessableEntity);
        }
    }

    private static async Task<IResult> StatusAsync(string id, IReliablePublisher publisher, CancellationToken cancel)
    {
        try
        {
            var receipt = await publisher.GetReceiptAsync(new MessageId(id), cancel);
            return receipt.Outcome == PublishOutcome.Unknown
                ? Results.NotFound(new { id, status = "Unknown" })
                : Results.Ok(new { id, status = receipt.Outcome.ToString(), receipt.AcceptedAt, receipt.ConfirmedAt, receipt.ReasonString });
        }
        catch (ArgumentException error)
        {
            return Results.Problem(error.Message, statusCode: StatusCodes.Status400BadRequest); // It cannot be the id of an order.
        }
        catch (ReliablePublishException error) when (error.IsTransient)
        {
            return Results.Problem(error.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
