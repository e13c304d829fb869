namespace ReliableMqtt.Tests.Conformance;

/// <summary>A row of the manifest: something that MQTT asks of a client that publishes, and what this one does.</summary>
/// <param name="Number">Its number, which tests and the audit of the wire call it by.</param>
/// <param name="Rule">What our publisher does.</param>
/// <param name="Mqtt5">The clauses of MQTT 5.0.</param>
/// <param name="Mqtt311">Those of MQTT 3.1.1.</param>
internal sealed record ConformanceRow(int Number, string Rule, string Mqtt5, string Mqtt311);
