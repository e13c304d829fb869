using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.IntegrationTests.Redis;

/// <summary>The whole of the conformance suite once more with the user of docs/redis.md, on a server that knows no other: what the page allows is enough.</summary>
public sealed class RedisDocumentedUserTests : RedisAckLedgerTests
{
    private protected override DocumentedUser? User { get; } = DocumentedUser.Read();
}
