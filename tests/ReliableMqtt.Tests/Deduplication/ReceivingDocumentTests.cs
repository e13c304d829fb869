using ReliableMqtt.Tests.Docs;
using Code = ReliableMqtt.Tests.Docs.Snippets;

namespace ReliableMqtt.Tests.Deduplication;

public class ReceivingDocumentTests
{
    [Fact]
    public void Its_code_compiles() => Assert.Equal(
        Code.Of(File.ReadAllLines(RepositoryRoot.File("tests/ReliableMqtt.Tests/Deduplication/ReceivingSnippets.cs"))), Document.Read("docs/receiving.md").CodeBlocks);
}
