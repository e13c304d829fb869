using Microsoft.Data.Sqlite;
using MQTTnet;
using ReliableMqtt.Deduplication;
using ReliableMqtt.Sqlite;
using ReliableMqtt.Tests.Deduplication;

namespace ReliableMqtt.Tests.Sqlite;

public sealed class SqliteProcessedMessageStoreTests : ProcessedMessageStoreConformance
{
    private readonly string _folder = Directory.CreateTempSubdirectory("reliable-mqtt-").FullName;

    private string File => Path.Combine(_folder, "handled.db");

    protected override ValueTask<ProcessedMessageStore> CreateOnFreshStoreAsync(ProcessedMessageWindow window) => ValueTask.FromResult<ProcessedMessageStore>(new SqliteProcessedMessageStore(File, "r", window, Clock));

    protected override async ValueTask<ProcessedMessageStore?> CreateOnSameStoreAsync(ProcessedMessageWindow window) => await CreateOnFreshStoreAsync(window);

    protected override ValueTask DisposeStoreAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private SqliteProcessedMessageStore Store(string receiver = "r") => new(File, receiver, timeProvider: Clock);

    private static MqttApplicationMessage Message(string id) => new MqttApplicationMessageBuilder().WithTopic("t")
        .WithUserProperty(MessageId.UserPropertyName, System.Text.Encoding.UTF8.GetBytes(id)).Build();

    // An effect that can be counted.
    private static void Write(SqliteConnection connection, SqliteTransaction transaction, string what)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "CREATE TABLE IF NOT EXISTS effects(what TEXT); INSERT INTO effects VALUES($what)";
        command.Parameters.AddWithValue("$what", what);
        command.ExecuteNonQuery();
    }

    private long Effects()
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = 'effects'";
        if ((long)command.ExecuteScalar()! == 0) return 0;
        command.CommandText = "SELECT count(*) FROM effects";
        return (long)command.ExecuteScalar()!;
    }

    [Fact]
    public async Task What_was_handled_is_known_to_the_next_process_and_another_receiver_handles_it_for_itself()
    {
        await using (var store = Store()) await ProcessAsync(store, Key());
        await using var next = Store();
        Assert.Equal(ClaimStatus.AlreadyProcessed, await ClaimAsync(next, Key(), "b"));
        await using var other = Store("other");
        Assert.Equal(ClaimStatus.Claimed, await ClaimAsync(other, Key(), "c"));
    }

    [Fact]
    public async Task Effect_and_mark_happen_together_and_once()
    {
        await using var store = Store();
        var deduplicator = new MessageDeduplicator(store, (received, cancel) => store.CommitAsync(received, (connection, transaction) => Write(connection, transaction, "m"), cancel));
        Assert.Equal(DeduplicationOutcome.Processed, await deduplicator.ProcessAsync(Message("m"), Cancel));
        Assert.Equal(DeduplicationOutcome.Duplicate, await deduplicator.ProcessAsync(Message("m"), Cancel));
        Assert.Equal(1, Effects());
    }

    [Fact]
    public async Task An_effect_that_fails_leaves_neither_effect_nor_mark()
    {
        await using var store = Store();
        var fails = true;
        var deduplicator = new MessageDeduplicator(
            store,
            (received, cancel) => store.CommitAsync(
                received,
                (connection, transaction) =>
                {
                    Write(connection, transaction, "m");
                    if (fails) throw new InvalidOperationException("no");
                },
                cancel),
            new DeduplicationOptions { MaxAttempts = 1 });
        Assert.Equal(DeduplicationOutcome.Failed, await deduplicator.ProcessAsync(Message("m"), Cancel));
        Assert.Equal(0, Effects());
        fails = false;
        Assert.Equal(DeduplicationOutcome.Processed, await deduplicator.ProcessAsync(Message("m"), Cancel));
        Assert.Equal(1, Effects());
    }

    [Fact]
    public async Task An_effect_that_is_refused_is_the_handlers_failure_and_not_waited_for()
    {
        await using var store = Store();
        var deduplicator = new MessageDeduplicator(
            store,
            (received, cancel) => store.CommitAsync(
                received,
                (connection, transaction) =>
                {
                    using var command = connection.CreateCommand();
                    (command.Transaction, command.CommandText) = (transaction, "INSERT INTO nowhere VALUES(1)");
                    command.ExecuteNonQuery();
                },
                cancel),
            new DeduplicationOptions { MaxAttempts = 1 });
        Assert.Equal(DeduplicationOutcome.Failed, await deduplicator.ProcessAsync(Message("m"), Cancel).WaitAsync(TimeSpan.FromSeconds(20), Cancel));
    }

    [Fact]
    public async Task Who_has_lost_the_claim_has_no_effect()
    {
        await using var store = Store();
        Exception? thrown = null;
        var deduplicator = new MessageDeduplicator(store, async (received, cancel) =>
        {
            var key = received.Key!.Value;
            await store.ReleaseAsync(key, received.ClaimToken, cancel);
            await store.ClaimAsync(key, "other", LongTime, cancel);
            thrown = await Record.ExceptionAsync(() => store.CommitAsync(received, (connection, transaction) => Write(connection, transaction, "m"), cancel));
            await store.MarkProcessedAsync(key, "other", cancel);
        });
        await deduplicator.ProcessAsync(Message("m"), Cancel);
        Assert.IsType<ClaimLostException>(thrown);
        Assert.Equal(0, Effects());
    }

    [Fact]
    public async Task A_ledger_and_a_database_of_another_program_are_left_alone()
    {
        using (var connection = new SqliteConnection($"Data Source={File};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE theirs(x)";
            command.ExecuteNonQuery();
        }

        await using var store = Store();
        await Assert.ThrowsAsync<InvalidOperationException>(() => ClaimAsync(store, Key(), "a"));
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_a_store_that_does_not_answer()
    {
        await using var store = new SqliteProcessedMessageStore(Path.Combine(_folder, "nowhere", "handled.db"), "r", timeProvider: Clock);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => ClaimAsync(store, Key(), "a"));
    }
}
