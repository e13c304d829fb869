using System.Text.RegularExpressions;

namespace ReliableMqtt.Tests.Architecture;

/// <summary>
/// No session of an integration test goes past the audit: only the fixtures that audit at their end start one, and nobody else hands out the broker's own port
/// but to a client that only looks on, or is a rival.
/// </summary>
public partial class WireFixtureTests
{
    private static readonly string[] Projects = ["tests/ReliableMqtt.IntegrationTests/", "tests/ReliableMqtt.Tool.Tests/"];

    // What may begin a session, or a connection of another kind. The last five are what the proxy cannot read, a broker that keeps no rule, and who only receives.
    private static readonly string[] MayConnect =
    [
        "Publishing/Rig.cs", "Mqtt/SupervisorFixture.cs", "RedisPlant.cs", "Publishing/Subscriber.cs", "Fixtures/RawClient.cs", "Fixtures/DeliveryCounter.cs", "Mqtt/TlsTests.cs",
        "Mqtt/WebSocketTests.cs", "Security/TlsRefusalTests.cs", "Security/HostileBrokerTests.cs", "Deduplication/ReceivingRig.cs",
    ];

    // What may know where the broker is: they stand between it and the sessions, or are the broker.
    private static readonly string[] MayKnowThePort =
    [
        "Publishing/Rig.cs", "Publishing/TestedBroker.cs", "Mqtt/TestBroker.cs", "RedisPlant.cs", "Security/TlsRefusalTests.cs", "Security/HostileBrokerTests.cs",
        "Doctor/DoctorBrokerTests.cs", "Doctor/GuardedBroker.cs", // The doctor is no session: it has a client id of its own.
    ];

    [Fact]
    public void Every_session_goes_through_a_fixture_that_audits_its_wire()
    {
        var files = Projects.SelectMany(project => RepositoryFiles.All
            .Where(path => path.StartsWith(project, StringComparison.Ordinal) && path.EndsWith(".cs", StringComparison.Ordinal)).Select(path => (Path: path, Inner: path[project.Length..]))).ToList();
        Assert.All(MayConnect.Concat(MayKnowThePort), path => Assert.Contains(path, files.Select(file => file.Inner)));
        Assert.Empty(files.SelectMany(file => Breaches(file.Inner, File.ReadAllText(RepositoryRoot.File(file.Path))).Select(breach => $"{file.Path}: {breach}")));
    }

    [Theory]
    [InlineData("Publishing/ATests.cs", "await ReliablePublisher.StartAsync(options);", "ReliablePublisher.StartAsync")]
    [InlineData("Mqtt/ATests.cs", "new ConnectionSupervisor(options, sink, logger, random);", "new ConnectionSupervisor")]
    [InlineData("Publishing/ATests.cs", "mqtt => mqtt.WithTcpServer(\"127.0.0.1\", port)", "WithTcpServer")]
    [InlineData("Redis/ATests.cs", "await DyingProcess.RunAsync(redis.Address, rig.Broker.Port, 1);", "rig.Broker.Port")]
    public void A_way_past_the_audit_is_seen(string path, string code, string breach) => Assert.Equal([breach], Breaches(path, code));

    [Theory]
    [InlineData("Publishing/Rig.cs", "await ReliablePublisher.StartAsync(options);")]
    [InlineData("Publishing/ATests.cs", "await rig.StartPublisherAsync(); await RawClient.ConnectAsync(rig.Broker.Port, Rig.PublisherId);")]
    [InlineData("Mqtt/ATests.cs", "await using var fixture = new SupervisorFixture(\n    broker.Port, change: x);")]
    [InlineData("Publishing/ATests.cs", "// ReliablePublisher.StartAsync\nvar text = \"WithTcpServer\";")]
    public void What_is_audited_or_only_looks_on_is_no_way_past_it(string path, string code) => Assert.Empty(Breaches(path, code));

    private static IEnumerable<string> Breaches(string path, string source)
    {
        var code = SourceFile.WithoutTexts(source);
        if (!MayConnect.Contains(path)) foreach (Match match in Connects().Matches(code)) yield return match.Value;
        if (MayKnowThePort.Contains(path) || path.StartsWith("Fixtures/", StringComparison.Ordinal)) yield break;
        foreach (Match match in BrokersPort().Matches(Onlookers().Replace(code, ""))) yield return match.Value;
    }

    [GeneratedRegex(@"\bReliablePublisher\.StartAsync\b|\bnew ConnectionSupervisor\b|\bWithTcpServer\b|\bWithWebSocketServer\b|\bWithConnectionUri\b|\bWithEndPoint\b")]
    private static partial Regex Connects();

    [GeneratedRegex(@"\b(?:\w+\.)?[bB]roker\.Port\b")]
    private static partial Regex BrokersPort();

    [GeneratedRegex(@"\b(?:RawClient\.ConnectAsync|Subscriber\.StartAsync|DeliveryCounter\.StartAsync|ReceivingRig\.StartAsync|new SupervisorFixture)\(\s*(?:\w+\.)?[bB]roker\.Port\b")]
    private static partial Regex Onlookers();
}
