using System.Reflection;
using System.Security.Authentication;
using Microsoft.Extensions.Time.Testing;
using ReliableMqtt.Ledger;
using ReliableMqtt.Redis;
using StackExchange.Redis;

namespace ReliableMqtt.Tests.Redis;

/// <summary>What is told of a call that fails again and again: never that nothing was changed when one of its attempts may have been applied.</summary>
public class RedisLinkTests
{
    private static readonly Exception TimedOut = new RedisTimeoutException(CommandFlags.None, "no answer", CommandStatus.Sent);
    private static readonly Exception Loading = Refused("LOADING");
    private static readonly Exception Disposed = NotSent(new ObjectDisposedException("socket"));

    [Fact]
    public async Task An_attempt_that_was_sent_counts_more_than_those_after_it()
    {
        Assert.Contains("may have been applied", await FailAsync(TimedOut, Loading), StringComparison.Ordinal);
        Assert.Contains("may have been applied", await FailAsync(NotSent(), TimedOut, NotSent()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_and_unsent_attempts_have_changed_nothing()
    {
        Assert.Contains("has changed nothing: LOADING", await FailAsync(NotSent(), Loading), StringComparison.Ordinal);
        Assert.Contains("has changed nothing, since there is no connection to Redis to send it by: refused", await FailAsync(Loading, NotSent(new IOException("refused"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_there_is_no_connection_is_told_also_when_the_last_attempt_met_a_socket_that_was_given_up() => Assert.Contains(
        "UntrustedRoot", await FailAsync(NotSent(), NotSent(new AuthenticationException("UntrustedRoot")), Disposed, NotSent()), StringComparison.Ordinal);

    [Fact]
    public async Task Why_there_is_no_connection_is_told_also_when_every_attempt_met_a_socket_that_was_given_up()
    {
        var server = Server.Failing([.. Enumerable.Repeat(Disposed, 100)]);
        var multiplexer = (OneDatabase)(object)server.Multiplexer;
        multiplexer.Failed = new AuthenticationException("UntrustedRoot");
        var error = await Assert.ThrowsAsync<LedgerUnavailableException>(() => RunAsync(server));
        Assert.EndsWith("has changed nothing, since there is no connection to Redis to send it by: UntrustedRoot", error.Message, StringComparison.Ordinal);
        Assert.True(RedisLink.WasNotRun(error));
        Assert.Equal(0, multiplexer.Listeners);
    }

    [Fact]
    public async Task Of_several_servers_each_has_its_reason() => Assert.EndsWith(
        ": UntrustedRoot; refused",
        await FailAsync(NotSent(new AggregateException(
            NotSent(new AuthenticationException("UntrustedRoot")), new IOException("outer", new IOException("refused")), NotSent(new AuthenticationException("UntrustedRoot"))))), StringComparison.Ordinal);

    [Fact]
    public async Task A_server_without_memory_is_told_at_once()
    {
        var server = Server.Failing(Refused("OOM command not allowed"));
        var error = await Assert.ThrowsAsync<LedgerUnavailableException>(() => RunAsync(server));
        Assert.True(RedisLink.IsOutOfMemory(error));
        Assert.Equal(1, server.Calls);
    }

    [Fact]
    public async Task No_script_goes_to_a_replica()
    {
        var server = Server.Failing();
        await RunAsync(server);
        Assert.Equal(CommandFlags.DemandMaster, server.Flags);
    }

    [Fact]
    public async Task A_server_that_does_not_know_a_script_is_given_its_text_at_once()
    {
        var server = Server.Failing(Refused("NOSCRIPT No matching script. Please use EVAL."));
        await RunAsync(server);
        Assert.Equal([RedisScript.Statistics.Hash, RedisScript.Statistics.Text], server.Scripts);
    }

    [Fact]
    public async Task What_happens_to_the_text_is_told_as_of_any_call()
    {
        var server = Server.Failing(Refused("NOSCRIPT"), Refused("OOM command not allowed"));
        Assert.True(RedisLink.IsOutOfMemory(await Assert.ThrowsAsync<LedgerUnavailableException>(() => RunAsync(server))));
    }

    /// <summary>The text of the error after these failures, of which the last one repeats.</summary>
    private static async Task<string> FailAsync(params Exception[] failures) =>
        (await Assert.ThrowsAsync<LedgerUnavailableException>(() => RunAsync(Server.Failing([.. failures, .. Enumerable.Repeat(failures[^1], 100)])))).Message;

    private static async Task RunAsync(Server server)
    {
        var time = new FakeTimeProvider();
        var running = new RedisLink(server.Multiplexer, -1, time).RunAsync(RedisScript.Statistics, [], [], TestContext.Current.CancellationToken);
        while (!running.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        await running;
    }

    private static RedisConnectionException NotSent(Exception? cause = null) =>
        new(ConnectionFailureType.UnableToResolvePhysicalConnection, CommandFlags.None, "no connection", cause, CommandStatus.WaitingToBeSent);

#pragma warning disable CS0618 // The other constructor is an experimental one.
    private static RedisServerException Refused(string message) => new(message);
#pragma warning restore CS0618

    /// <summary>Answers scripts with these failures in turn, and then well.</summary>
    private class Server : DispatchProxy
    {
        private Queue<Exception> _failures = new();

        public IConnectionMultiplexer Multiplexer { get; private set; } = null!;

        public int Calls { get; private set; }

        public CommandFlags? Flags { get; private set; }

        public List<object> Scripts { get; } = [];

        public static Server Failing(params Exception[] failures)
        {
            var database = (Server)(object)Create<IDatabase, Server>();
            database._failures = new Queue<Exception>(failures);
            var multiplexer = Create<IConnectionMultiplexer, OneDatabase>();
            ((OneDatabase)(object)multiplexer).Database = (IDatabase)(object)database;
            database.Multiplexer = multiplexer;
            return database;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Assert.Equal(nameof(IDatabase.ScriptEvaluateAsync), targetMethod!.Name);
            (Calls, Flags) = (Calls + 1, (CommandFlags)args![^1]!);
            Scripts.Add(args[0]!);
            return _failures.TryDequeue(out var failure) ? Task.FromException<RedisResult>(failure) : Task.FromResult(RedisResult.Create(RedisValue.Null));
        }
    }

    /// <summary>Tells whoever begins to listen that a connection has failed, if one has.</summary>
    private class OneDatabase : DispatchProxy
    {
        public IDatabase? Database { get; set; }

        public Exception? Failed { get; set; }

        public int Listeners { get; private set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            switch (targetMethod!.Name)
            {
                case "add_ConnectionFailed":
                    Listeners++;
                    if (Failed is not null) ((EventHandler<ConnectionFailedEventArgs>)args![0]!)(this, new ConnectionFailedEventArgs(this, null!, ConnectionType.Interactive, ConnectionFailureType.AuthenticationFailure, Failed, "one"));
                    return null;
                case "remove_ConnectionFailed":
                    Listeners--;
                    return null;
                default:
                    return Database;
            }
        }
    }
}
