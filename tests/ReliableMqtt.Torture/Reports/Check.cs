namespace ReliableMqtt.Torture.Reports;

/// <summary>One thing that must hold.</summary>
/// <param name="Name">What it is about.</param>
/// <param name="Holds">Whether it does.</param>
/// <param name="Found">What was found.</param>
/// <param name="Wanted">What should have been.</param>
internal sealed record Check(string Name, bool Holds, string Found, string Wanted);
