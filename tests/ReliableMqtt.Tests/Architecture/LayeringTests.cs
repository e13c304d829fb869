namespace ReliableMqtt.Tests.Architecture;

/// <summary>Holds the rules of the layout; the examples below show that the rules can be broken.</summary>
public class LayeringTests
{
    [Fact]
    public void Folders_know_only_what_they_may()
    {
        var breaches = SourceFile.Library.SelectMany(file => LayeringRules.Breaches(file, SourceFile.Library).Select(breach => $"{file.RelativePath}: {breach}"));
        AssertNone(breaches);
    }

    [Fact]
    public void Namespaces_follow_folders()
    {
        var strays = SourceFile.Library.Where(file => !file.Code.Contains("[assembly:", StringComparison.Ordinal))
            .Select(file => (file.RelativePath, file.Namespace, Expected: Expected(file)))
            .Where(file => file.Namespace != file.Expected)
            .Select(file => $"{file.RelativePath}: namespace {file.Namespace} instead of {file.Expected}");
        AssertNone(strays);

        // The message id is a word of the public face, though it lives with the messages.
        static string Expected(SourceFile file) =>
            file.Folder.Length == 0 || file.RelativePath == "Messages/MessageId.cs" ? "ReliableMqtt" : $"ReliableMqtt.{file.Folder}";
    }

    [Fact]
    public void The_tool_knows_only_the_port() =>
        AssertNone(SourceFile.Tool.SelectMany(file => LayeringRules.ToolBreaches(file).Select(breach => $"{file.RelativePath}: {breach}")));

    [Fact]
    public void Namespaces_of_the_tool_follow_its_folders() => AssertNone(SourceFile.Tool.Where(file => file.RelativePath != "Program.cs")
        .Where(file => file.Namespace != (file.Folder.Length == 0 ? "ReliableMqtt.Tool" : $"ReliableMqtt.Tool.{file.Folder}")).Select(file => $"{file.RelativePath}: namespace {file.Namespace}"));

    [Fact]
    public void The_package_for_SQLite_knows_messages_and_the_port() =>
        AssertNone(SourceFile.Sqlite.SelectMany(file => LayeringRules.SqliteBreaches(file).Select(breach => $"{file.RelativePath}: {breach}")));

    [Fact]
    public void Namespaces_of_the_package_for_SQLite_follow_its_folders() => AssertNone(SourceFile.Sqlite
        .Where(file => file.Namespace != (file.Folder.Length == 0 ? "ReliableMqtt.Sqlite" : $"ReliableMqtt.Sqlite.{file.Folder}")).Select(file => $"{file.RelativePath}: namespace {file.Namespace}"));

    [Theory]
    [InlineData("Tables/A.cs", "using ReliableMqtt.Sqlite.Commits;", "Tables knows Commits")]
    [InlineData("Storage/A.cs", "using ReliableMqtt.Redis;", "knows Redis of the library")]
    [InlineData("A.cs", "ReliableMqtt.Telemetry.Log.Owned();", "knows Telemetry of the library")]
    [InlineData("Tables/A.cs", "using SQLitePCL;", "sees SQLitePCL")]
    [InlineData("A.cs", "using Microsoft.Data.Sqlite;", "sees Microsoft.Data.Sqlite")]
    [InlineData("Helpers/A.cs", "", "folder Helpers is new: say in LayeringRules what it may know")]
    public void A_breach_of_the_package_for_SQLite_is_seen(string path, string code, string breach) => Assert.Equal([breach], LayeringRules.SqliteBreaches(SourceFile.Of(path, code)));

    [Theory]
    [InlineData("Output/A.cs", "using ReliableMqtt.Tool.Verbs;", "Output knows Verbs")]
    [InlineData("Letters/A.cs", "using ReliableMqtt.Tool.Settings;", "Letters knows Settings")]
    [InlineData("Verbs/A.cs", "using ReliableMqtt.Redis;", "knows Redis of the library")]
    [InlineData("Doctor/LedgerChecks.cs", "using ReliableMqtt.Redis;", "knows Redis of the library")]
    [InlineData("Doctor/RedisChecks.cs", "using ReliableMqtt.Sqlite.Storage;", "knows the package for SQLite")]
    [InlineData("Verbs/A.cs", "using ReliableMqtt.Session;", "knows Session of the library")]
    [InlineData("A.cs", "await ReliablePublisher.StartAsync(options);", "knows ReliablePublisher, and must never publish")]
    [InlineData("Verbs/A.cs", "using ReliableMqtt.Sqlite;", "knows the package for SQLite")]
    [InlineData("Settings/LedgerAddress.cs", "using StackExchange.Redis;", "sees StackExchange.Redis")]
    [InlineData("Verbs/A.cs", "Console.WriteLine();", "goes to the console past ToolHost")]
    [InlineData("Helpers/A.cs", "", "folder Helpers is new: say in LayeringRules what it may know")]
    public void A_breach_of_the_tool_is_seen(string path, string code, string breach) => Assert.Equal([breach], LayeringRules.ToolBreaches(SourceFile.Of(path, code)));

    [Theory]
    [InlineData("Messages/A.cs", "using ReliableMqtt.Session;", "Messages knows Session")]
    [InlineData("Messages/A.cs", "PublishReceipt receipt;", "Messages knows PublishReceipt of the root")]
    [InlineData("Ledger/A.cs", "using static ReliableMqtt.Dispatch.Pump;", "Ledger knows Dispatch")]
    [InlineData("Ledger/A.cs", "ReliablePublisherOptions options;", "Ledger knows ReliablePublisherOptions of the root")]
    [InlineData("Ledger/A.cs", "var ack = new Session.Ack();", "Ledger knows Session")]
    [InlineData("Session/A.cs", "using StackExchange.Redis;", "sees StackExchange.Redis")]
    [InlineData("A.cs", "using ReliableMqtt.Sqlite;", "knows the package for SQLite")]
    [InlineData("Session/A.cs", "using MQTTnet.Adapter;", "sees MQTTnet.Adapter")]
    [InlineData("Session/A.cs", "new MqttPublishPacket()", "sees MQTTnet's MqttPublishPacket")]
    [InlineData("A.cs", "using MQTTnet.Implementations;", "sees MQTTnet.Implementations")]
    [InlineData("Redis/A.cs", "using ReliableMqtt.Mqtt;", "Redis knows Mqtt")]
    [InlineData("Mqtt/A.cs", "using ReliableMqtt.Redis;", "Mqtt knows Redis")]
    [InlineData("Mqtt/A.cs", "using ReliableMqtt.Dispatch;", "Mqtt knows Dispatch")]
    [InlineData("Dispatch/A.cs", "ReliablePublisher publisher;", "Dispatch knows ReliablePublisher of the root")]
    [InlineData("Helpers/A.cs", "", "folder Helpers is new: say in LayeringRules what it may know")]
    public void A_breach_is_seen(string path, string code, string breach) =>
        Assert.Equal([breach], LayeringRules.Breaches(SourceFile.Of(path, code), SourceFile.Library));

    [Theory]
    [InlineData("Messages/A.cs", "/// <see cref=\"ReliableMqtt.Session\"/> new MqttPublishPacket()")]
    [InlineData("Messages/A.cs", "using MQTTnet.Packets; MqttUserProperty property;")]
    [InlineData("Dispatch/A.cs", "await Redis.OpenAsync(); await options.Mqtt.Ack();")]
    [InlineData("Session/A.cs", "SessionLossPolicy policy;")]
    [InlineData("Dispatch/A.cs", "throw new ObjectDisposedException(nameof(ReliablePublisher));")]
    [InlineData("Mqtt/A.cs", "throw new NotSupportedException(\"Use ReliablePublisher.ReconnectAsync.\");")]
    [InlineData("Redis/A.cs", "using StackExchange.Redis;")]
    [InlineData("Mqtt/A.cs", "using MQTTnet.Adapter; new MqttPublishPacket();")]
    public void What_is_allowed_is_no_breach(string path, string code) =>
        Assert.Empty(LayeringRules.Breaches(SourceFile.Of(path, code), SourceFile.Library));

    // All of them in full, where Assert.Empty would cut each off.
    private static void AssertNone(IEnumerable<string> found)
    {
        var all = string.Join(Environment.NewLine, found);
        if (all.Length > 0) Assert.Fail(all);
    }
}
