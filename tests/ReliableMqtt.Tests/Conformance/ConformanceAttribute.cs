namespace ReliableMqtt.Tests.Conformance;

/// <summary>Says that a test proves rows of docs/conformance.md. On a class: all of its tests together do.</summary>
/// <remarks>It is the last attribute before the declaration, where the reader of the manifest looks for it.</remarks>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class)]
internal sealed class ConformanceAttribute(params int[] rows) : Attribute
{
    public IReadOnlyList<int> Rows => rows;
}
