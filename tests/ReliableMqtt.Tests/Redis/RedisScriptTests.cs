using System.Reflection;
using System.Text.RegularExpressions;
using ReliableMqtt.Redis;
using ReliableMqtt.Tests.Architecture;

namespace ReliableMqtt.Tests.Redis;

/// <summary>Each script is embedded, says what it takes and gives, and keeps to its own variables.</summary>
public partial class RedisScriptTests
{
    private const string Folder = "src/ReliableMqtt/Redis/Scripts/", Prelude = "_prelude";

    // What Lua 5.1 and Redis give to a script, as far as the scripts use it, and its words.
    private static readonly HashSet<string> Given =
    [
        "redis", "KEYS", "ARGV", "cmsgpack", "struct", "select", "string", "math", "table", "tonumber", "unpack", "ipairs",
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
    ];

    private static IReadOnlyDictionary<string, string> Files { get; } = RepositoryFiles.All
        .Where(path => path.StartsWith(Folder, StringComparison.Ordinal) && path.EndsWith(".lua", StringComparison.Ordinal))
        .ToDictionary(path => Path.GetFileNameWithoutExtension(path), path => File.ReadAllText(RepositoryRoot.File(path)).ReplaceLineEndings("\n"));

    private static IReadOnlyDictionary<string, RedisScript> Loaded { get; } = typeof(RedisScript).GetProperties(BindingFlags.Public | BindingFlags.Static)
        .Select(property => property.GetValue(null)).OfType<RedisScript>().ToDictionary(script => script.Name);

    public static TheoryData<string> Names => [.. Files.Keys.Where(name => name != Prelude)];

    [Fact]
    public void Each_file_is_a_script_and_each_script_a_file()
    {
        Assert.Equal(25, Loaded.Count);
        Assert.Equal(Files.Keys.Where(name => name != Prelude).Order(StringComparer.Ordinal), Loaded.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_sent_is_the_prelude_and_the_file(string name) => Assert.Equal(Files[Prelude] + Files[name], Loaded[name].Text.ReplaceLineEndings("\n"));

    [Theory]
    [MemberData(nameof(Names))]
    public void Its_header_says_what_it_takes_and_gives(string name)
    {
        var header = string.Concat(Files[name].Split('\n').TakeWhile(line => line.StartsWith("--", StringComparison.Ordinal)).Select(line => line + "\n"));
        var code = Files[name][header.Length..];
        Assert.Matches(Sentence(), header);
        Assert.Contains("\n-- Output  ", header, StringComparison.Ordinal);
        AssertListed(header, code, "KEYS");
        AssertListed(header, code, "ARGV");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_has_no_variable_that_it_does_not_declare(string name)
    {
        // Without regard to blocks: a name is declared somewhere above its use.
        var code = Bare(Files[Prelude]) + "\n" + Bare(Files[name]);
        Assert.Empty(Undeclared(code));
    }

    [Fact]
    public void The_rule_finds_a_global_variable()
    {
        Assert.Equal(["oops", "_G"], Undeclared(Bare("local a = 1\nif a then oops = 2 end\na = _G.x -- c = 3\n")));
        Assert.Empty(Undeclared(Bare("local t = {field = 1}\nfor i, v in ipairs(t) do t.x = v t[i] = 'no = ' end\nlocal function f(a, b) return a + b end\nf(1)")));
    }

    // The numbers in the header are those in the code: neither an argument that nothing says a word about, nor one that is not there.
    private static void AssertListed(string header, string code, string what)
    {
        var used = Regex.Matches(code, what + @"\[(\d+)\]").Select(match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();
        var line = Regex.Match(header, @"^-- " + what + @"    (.*\n(?:--         .*\n)*)", RegexOptions.Multiline);
        Assert.Equal(Regex.IsMatch(code, $@"\b{what}\b"), line.Success);
        if (!line.Success) return;
        var listed = Regex.Matches(line.Groups[1].Value, @"(?:^|  )(\d+) ").Select(match => int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();
        Assert.True(listed >= used || used == 0, $"{what}[{used}] is used, and the header lists {listed}.");
    }

    // Without what may hold any word: comments, texts, and the names of fields in a table.
    private static string Bare(string lua)
    {
        var code = TextOrComment().Replace(lua, match => match.Value[0] == '-' ? "" : "''");
        return Table().Replace(code, table => Field().Replace(table.Value, ""));
    }

    private static string[] Undeclared(string code)
    {
        var declared = new HashSet<string>(Given);
        foreach (Match match in Declaration().Matches(code))
            foreach (Match name in Name().Matches(match.Groups["names"].Value)) declared.Add(name.Value);
        foreach (Match match in Function().Matches(code))
        {
            declared.Add(match.Groups["name"].Value);
            foreach (Match name in Name().Matches(match.Groups["arguments"].Value)) declared.Add(name.Value);
        }

        return [.. Use().Matches(code).Where(match => !declared.Contains(match.Value)).Select(match => match.Value).Distinct()];
    }

    [GeneratedRegex(@"^-- [A-Z][^\n]*[.:]")]
    private static partial Regex Sentence();

    [GeneratedRegex(@"'(?:\\.|[^'\\\n])*'|--[^\n]*")]
    private static partial Regex TextOrComment();

    [GeneratedRegex(@"\b(?:local(?! function)|for)\s+(?<names>\w+(?:\s*,\s*\w+)*)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\blocal function (?<name>\w+)\((?<arguments>[^)]*)\)")]
    private static partial Regex Function();

    [GeneratedRegex(@"[A-Za-z_]\w*")]
    private static partial Regex Name();

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Table();

    [GeneratedRegex(@"\w+ =(?!=)")]
    private static partial Regex Field();

    // Neither the name of a field, after a single point, nor a part of a number.
    [GeneratedRegex(@"(?<!\w|(?<!\.)\.)[A-Za-z_]\w*")]
    private static partial Regex Use();
}
