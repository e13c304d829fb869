using Microsoft.Data.Sqlite;
using OrdersApi.Api;
using ReliableMqtt.Sqlite;

namespace OrdersApi.Consumer;

/// <summary>What was shipped: a table in the file in which the library notes the handled messages.</summary>
public sealed class ShipmentBook(string path) : IAsyncDisposable
{
    /// <summary>Knows which messages were handled.</summary>
    public SqliteProcessedMessageStore Store { get; } = new(path, receiverId: "shipping");

    /// <summary>Writes a shipment within the store's transaction. Nothing in the table keeps an order from being shipped twice: that is the store's work.</summary>
    public static void Ship(SqliteConnection database, SqliteTransaction transaction, Order order)
    {
        using var command = database.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "create table if not exists shipments(order_id text not null, item text not null, quantity integer not null); insert into shipments values ($id, $item, $quantity)";
        command.Parameters.AddWithValue("$id", order.Id);
        command.Parameters.AddWithValue("$item", order.Item);
        command.Parameters.AddWithValue("$quantity", order.Quantity);
        command.ExecuteNonQuery();
    }

    public ShipmentCount Count()
    {
        if (!File.Exists(path)) return new ShipmentCount(0, 0);
        using var database = new SqliteConnection($"Data Source={path};Mode=ReadOnly;Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = "select count(*) from sqlite_master where name = 'shipments'";
        if (command.ExecuteScalar() is 0L) return new ShipmentCount(0, 0);
        command.CommandText = "select count(*), count(distinct order_id) from shipments";
        using var row = command.ExecuteReader();
        row.Read();
        return new ShipmentCount(row.GetInt64(0), row.GetInt64(1));
    }

    public ValueTask DisposeAsync() => Store.DisposeAsync();
}

/// <summary>How many orders were shipped.</summary>
/// <param name="Shipped">Shipments.</param>
/// <param name="Distinct">Different orders among them.</param>
/// <param name="Copies">Messages that came again and were recognised.</param>
/// <param name="IsSubscribed">The broker has granted the subscription.</param>
public sealed record ShipmentCount(long Shipped, long Distinct, long Copies = 0, bool IsSubscribed = false);
