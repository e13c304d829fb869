namespace ReliableMqtt.Tests.Conformance;

/// <summary>What counts as a claim in a source file, and what only looks like one.</summary>
public class ConformanceReaderTests
{
    private const string Before = "namespace N;\n\npublic sealed class SomeTests\n{\n";

    [Theory]
    [InlineData("    [Fact]\n    [Conformance(7)]\n    public void A_fact() { }", "SomeTests.A_fact: 7")]
    [InlineData("    [Theory]\n    [InlineData(\"]\")]\n    [Conformance(1, 23)]\n    public async Task Another(int i) { }", "SomeTests.Another: 1 23")]
    [InlineData("    [Fact(Timeout = 5)]\n    // Why.\n    [Conformance(2)]\n    public static ValueTask A() => default;", "SomeTests.A: 2")]
    public void A_claim_of_a_test_is_read(string member, string expected) => Assert.Equal([expected], Read(Before + member));

    [Fact]
    public void A_claim_of_a_class_is_read() => Assert.Equal(
        ["PoisonTests: 36"], Read("[Conformance(36)]\npublic sealed partial class PoisonTests\n{\n    [Fact]\n    public void A() { }\n}"));

    [Theory]
    [InlineData("    // [Conformance(7)]\n    [Fact]\n    public void A() { }")]
    [InlineData("    [Fact]\n    /* [Conformance(7)] */ public void A() { }")]
    [InlineData("    [Fact]\n    public void A() => Use(\"[Conformance(7)] public void B() { }\");")]
    [InlineData("    [Fact]\n    public void A() => Use(\"\"\"\n        [Fact]\n        [Conformance(7)]\n        public void B() { }\n        \"\"\");")]
    [InlineData("    [Fact]\n    public void A() => Use(@\"\"\"\n    [Fact]\n    [Conformance(7)]\n    public void B() { }\");")]
    public void Comments_and_texts_claim_nothing(string member) => Assert.Empty(Read(Before + member));

    [Theory]
    [InlineData("    [Conformance(7)]\n    public void A() { }")] // No test.
    [InlineData("    [Fact]\n    public void B() { }\n\n    [Conformance(7)]\n    public void A() { }")] // Nor is it the one above.
    [InlineData("    [Fact(Skip = \"some day\")]\n    [Conformance(7)]\n    public void A() { }")] // Skipped.
    [InlineData("    [Fact]\n    [Conformance(7)]\n    [Trait(\"a\", \"b\")]\n    public void A() { }")] // Not the last one.
    [InlineData("    [Fact, Conformance(7)]\n    public void A() { }")]
    [InlineData("    [Fact]\n    [Conformance(Row)]\n    public void A() { }")]
    [InlineData("    [Fact]\n    [Conformance(7)]\n    private void A() { }")]
    public void A_claim_that_cannot_count_is_an_error(string member) => Assert.Throws<FormatException>(() => Read(Before + member));

    [Fact]
    public void A_class_without_tests_cannot_claim() => Assert.Throws<FormatException>(() => Read("[Conformance(7)]\npublic class A\n{\n}"));

    [Fact]
    public void The_document_names_the_tests_of_each_row()
    {
        var text = ConformanceDocument.Write(
            [new(1, "Rule one", "1.1", "2.2"), new(2, "Rule two", "3.3", "–")], [new("A.B", [1, 2]), new("C", [1])]);
        Assert.Contains("2 of 2 rows with tests", text, StringComparison.Ordinal);
        Assert.Contains("| 1 | Rule one | 1.1 | 2.2 | `A.B`<br>`C` |\n| 2 | Rule two | 3.3 | – | `A.B` |\n", text, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Read(string source) => [.. ConformanceReader.Read(source).Select(claim => $"{claim.Name}: {string.Join(' ', claim.Rows)}")];
}
