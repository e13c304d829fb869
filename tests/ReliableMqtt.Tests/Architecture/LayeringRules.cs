using System.Text.RegularExpressions;

namespace ReliableMqtt.Tests.Architecture;

/// <summary>Who may know whom: Messages ← Session, Ledger ← Dispatch ← the root; Mqtt and Redis stand aside.</summary>
internal static partial class LayeringRules
{
    /// <summary>The folders that a folder may know. A new folder has to be entered here. The root is not listed: it may know all of them.</summary>
    public static IReadOnlyDictionary<string, string[]> MayKnow { get; } = new Dictionary<string, string[]>
    {
        ["Messages"] = [],
        ["Ledger"] = ["Messages"],
        ["Session"] = ["Messages", "Ledger"],
        ["Telemetry"] = ["Messages", "Ledger", "Session"],
        ["Deduplication"] = ["Messages", "Session", "Telemetry"],
        ["Redis"] = ["Messages", "Ledger", "Telemetry", "Deduplication"],
        ["Mqtt"] = ["Messages", "Session", "Telemetry"],
        ["Dispatch"] = ["Messages", "Ledger", "Session", "Telemetry"],
    };

    // Namespaces of MQTTnet that only the adapter side may see. Packets is not among them for the sake of MqttUserProperty; see PacketType.
    private static readonly string[] AdapterNamespaces =
        ["MQTTnet.Adapter", "MQTTnet.Channel", "MQTTnet.Implementations", "MQTTnet.Internal", "MQTTnet.Diagnostics", "MQTTnet.LowLevelClient", "MQTTnet.PacketDispatcher"];

    /// <summary>All breaches of one file, in words; <paramref name="library"/> tells which types belong to which folder.</summary>
    public static IEnumerable<string> Breaches(SourceFile file, IReadOnlyList<SourceFile> library)
    {
        if (file.Folder.Length > 0)
        {
            if (!MayKnow.TryGetValue(file.Folder, out var allowed))
            {
                yield return $"folder {file.Folder} is new: say in {nameof(LayeringRules)} what it may know";
                yield break;
            }

            foreach (var folder in MayKnow.Keys)
                if (folder != file.Folder && !allowed.Contains(folder) && Mentions(file, folder, library)) yield return $"{file.Folder} knows {folder}";
            // To name a type in a text, so that an error can point at it, is not to know it.
            var code = Text().Replace(file.Code, "");
            foreach (var type in ForbiddenRootTypes(file.Folder, library))
                if (Regex.IsMatch(code, $@"\b{type}\b")) yield return $"{file.Folder} knows {type} of the root";
        }

        if (file.Folder != "Redis" && file.Code.Contains("StackExchange", StringComparison.Ordinal)) yield return "sees StackExchange.Redis";
        if (Regex.IsMatch(file.Code, @"\b(?:ReliableMqtt|Microsoft\.Data)\.Sqlite\b")) yield return "knows the package for SQLite";
        if (file.Folder == "Mqtt") yield break;
        foreach (var name in AdapterNamespaces)
            if (Regex.IsMatch(file.Code, $@"\b{Regex.Escape(name)}\b")) yield return $"sees {name}";
        foreach (Match match in PacketType().Matches(file.Code)) yield return $"sees MQTTnet's {match.Value}";
    }

    /// <summary>The folders of the tool, and which of the others each may know. The root is known to all, and knows all.</summary>
    public static IReadOnlyDictionary<string, string[]> ToolMayKnow { get; } = new Dictionary<string, string[]>
    {
        ["Settings"] = [],
        ["Output"] = [],
        ["Letters"] = [],
        ["Watching"] = ["Output"],
        ["Doctor"] = ["Settings", "Output"],
        ["Verbs"] = ["Settings", "Output", "Letters", "Watching", "Doctor"],
    };

    // The one place that makes ledgers, and those who judge what a store of one kind says of itself.
    private static readonly string[] KnowRedis = ["Settings/LedgerAddress.cs", "Doctor/RedisChecks.cs", "Doctor/RedisRightChecks.cs"];

    private static readonly string[] KnowSqlite = ["Settings/LedgerAddress.cs", "Doctor/SqliteChecks.cs"];

    /// <summary>All breaches of one file of the tool: it looks at a ledger through the port, whatever its kind; few places know the kinds.</summary>
    public static IEnumerable<string> ToolBreaches(SourceFile file)
    {
        if (file.Folder.Length > 0 && !ToolMayKnow.ContainsKey(file.Folder)) yield return $"folder {file.Folder} is new: say in {nameof(LayeringRules)} what it may know";
        foreach (var folder in ToolMayKnow.Keys)
            if (file.Folder.Length > 0 && folder != file.Folder && !ToolMayKnow.GetValueOrDefault(file.Folder, []).Contains(folder) && file.Usings.Contains($"ReliableMqtt.Tool.{folder}")) yield return $"{file.Folder} knows {folder}";
        foreach (var folder in MayKnow.Keys.Except(["Ledger", "Messages"]))
            if (Regex.IsMatch(file.Code, $@"\bReliableMqtt\.{folder}\b") && !(folder == "Redis" && KnowRedis.Contains(file.RelativePath))) yield return $"knows {folder} of the library";
        if (Regex.IsMatch(file.Code, @"\bReliableMqtt\.Sqlite\b") && !KnowSqlite.Contains(file.RelativePath)) yield return "knows the package for SQLite";
        foreach (var type in new[] { "ReliablePublisher", "IReliablePublisher" })
            if (Regex.IsMatch(file.Code, $@"\b{type}\b")) yield return $"knows {type}, and must never publish";
        if (Text().Replace(file.Code, "").Contains("StackExchange", StringComparison.Ordinal)) yield return "sees StackExchange.Redis";
        if (Regex.IsMatch(Text().Replace(file.Code, ""), @"(?<!\.)\bConsole\.") && file.RelativePath != "ToolHost.cs") yield return "goes to the console past ToolHost";
    }

    /// <summary>The folders of the package for SQLite, and which of the others each may know. The root may know all of them.</summary>
    public static IReadOnlyDictionary<string, string[]> SqliteMayKnow { get; } = new Dictionary<string, string[]>
    {
        ["Storage"] = [],
        ["Tables"] = ["Storage"],
        ["Commits"] = ["Storage", "Tables"],
    };

    /// <summary>All breaches of one file of the package for SQLite: of the library it knows messages and the port, and SQLite itself only in one folder.</summary>
    public static IEnumerable<string> SqliteBreaches(SourceFile file)
    {
        if (file.Folder.Length > 0 && !SqliteMayKnow.ContainsKey(file.Folder)) yield return $"folder {file.Folder} is new: say in {nameof(LayeringRules)} what it may know";
        foreach (var folder in SqliteMayKnow.Keys)
            if (file.Folder.Length > 0 && folder != file.Folder && !SqliteMayKnow.GetValueOrDefault(file.Folder, []).Contains(folder) && file.Usings.Contains($"ReliableMqtt.Sqlite.{folder}")) yield return $"{file.Folder} knows {folder}";
        // The receiver's store is another port, and gives its transaction to the application's effects.
        var isReceivers = file.RelativePath is "SqliteProcessedMessageStore.cs" or "Storage/ReceiverFile.cs" or "Storage/ReceiverRow.cs";
        foreach (var folder in MayKnow.Keys.Except(isReceivers ? ["Deduplication"] : ["Ledger", "Messages"]))
            if (Regex.IsMatch(file.Code, $@"\bReliableMqtt\.{folder}\b")) yield return $"knows {folder} of the library";
        foreach (var name in new[] { "Microsoft.Data.Sqlite", "SQLitePCL" })
            if (file.Folder != "Storage" && !isReceivers && file.Usings.Contains(name)) yield return $"sees {name}";
    }

    private static bool Mentions(SourceFile file, string folder, IReadOnlyList<SourceFile> library)
    {
        if (Regex.IsMatch(file.Code, $@"\bReliableMqtt\.{folder}\b")) return true;
        // A namespace that is a sibling needs no using: Messages.MqttText. A property of that name followed by a member is no such thing.
        var types = library.Where(other => other.Folder == folder && other.Namespace != "ReliableMqtt").SelectMany(other => other.DeclaredTypes);
        return types.Any(type => Regex.IsMatch(file.Code, $@"(?<![\w.]){folder}\.{type}\b"));
    }

    /// <summary>What lies below must not know the public face; plain enums of it, and what passes through a whole folder, are no harm.</summary>
    private static IEnumerable<string> ForbiddenRootTypes(string folder, IReadOnlyList<SourceFile> library)
    {
        string[] face = ["ReliablePublisher", "ReliablePublisherExtensions"];
        if (folder is "Mqtt" or "Dispatch" or "Telemetry") return face;
        var enums = library.Where(file => file.Folder.Length == 0)
            .SelectMany(file => Regex.Matches(file.Code, @"\benum\s+(\w+)").Select(match => match.Groups[1].Value));
        var root = library.Where(file => file.Folder.Length == 0).SelectMany(file => file.DeclaredTypes);
        return folder == "Messages" ? root : root.Except(enums);
    }

    [GeneratedRegex("""
        \bnameof\([^)]*\)|"(?:\\.|[^"\\\r\n])*"
        """)]
    private static partial Regex Text();

    [GeneratedRegex(@"\bMqtt\w*?(?:Packet|PacketFactory|PacketFormatterAdapter|BufferWriter|PacketIdentifierProvider|PacketBuffer)\b")]
    private static partial Regex PacketType();
}
