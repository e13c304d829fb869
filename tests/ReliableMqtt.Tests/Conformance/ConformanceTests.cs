using System.Reflection;

namespace ReliableMqtt.Tests.Conformance;

/// <summary>Each row of the manifest has a test, each claim of a test a row, and docs/conformance.md says the same.</summary>
public class ConformanceTests
{
    private const string Writes = "RELIABLEMQTT_WRITE_DOCS";

    private static readonly IReadOnlyList<ConformanceClaim> Claims = ConformanceReader.All();

    [Fact]
    public void Every_row_has_a_test() =>
        Assert.Empty(ConformanceManifest.Rows.Where(row => !Claims.Any(claim => claim.Rows.Contains(row.Number))).Select(row => $"{row.Number}: {row.Rule}"));

    [Fact]
    public void Every_claim_is_of_rows_that_exist() =>
        Assert.Empty(Claims.SelectMany(claim => claim.Rows.Where(number => ConformanceManifest.Rows.All(row => row.Number != number)).Select(number => $"{claim.Name}: {number}")));

    [Fact]
    public void The_rows_are_numbered_from_1_to_36_and_no_test_claims_one_twice()
    {
        Assert.Equal(Enumerable.Range(1, 36), ConformanceManifest.Rows.Select(row => row.Number));
        Assert.All(Claims, claim => Assert.Equal(claim.Rows.Distinct().Order(), claim.Rows));
    }

    [Fact]
    public void The_document_is_what_the_manifest_and_the_tests_make()
    {
        var expected = ConformanceDocument.Write(ConformanceManifest.Rows, Claims);
        var path = RepositoryRoot.File(ConformanceDocument.Place);
        if (Environment.GetEnvironmentVariable(Writes) == "1") File.WriteAllText(path, expected);
        var found = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        Assert.True(expected == found, $"{ConformanceDocument.Place} has to be generated anew: run this test with {Writes}=1. {FirstDifference(expected, found)}");
    }

    /// <summary>The sources say what the compiled attributes say: what the reader finds for this assembly is neither more nor less.</summary>
    [Fact]
    public void The_reader_finds_what_is_compiled()
    {
        var compiled = typeof(ConformanceTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly).Cast<MemberInfo>().Append(type))
            .Select(member => (Member: member, Attribute: member.GetCustomAttribute<ConformanceAttribute>(inherit: false))).Where(found => found.Attribute is not null)
            .Select(found => found.Member is Type type ? (type.Name, found.Attribute!.Rows) : ($"{found.Member.DeclaringType!.Name}.{found.Member.Name}", found.Attribute!.Rows))
            .Select(found => $"{found.Item1}: {string.Join(' ', found.Rows)}").Order(StringComparer.Ordinal).ToList();
        var read = ConformanceReader.Of("tests/ReliableMqtt.Tests/").Select(claim => $"{claim.Name}: {string.Join(' ', claim.Rows)}").Order(StringComparer.Ordinal);
        Assert.NotEmpty(compiled);
        Assert.Equal(compiled, read);
    }

    private static string FirstDifference(string expected, string found)
    {
        var (ours, theirs) = (expected.Split('\n'), found.Split('\n'));
        var line = Enumerable.Range(0, Math.Min(ours.Length, theirs.Length)).FirstOrDefault(i => ours[i] != theirs[i], Math.Min(ours.Length, theirs.Length));
        return $"They differ in line {line + 1}.";
    }
}
