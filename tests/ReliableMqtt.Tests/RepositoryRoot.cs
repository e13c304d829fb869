using System.Runtime.CompilerServices;

namespace ReliableMqtt.Tests;

/// <summary>Finds the files of the repository, for tests that read them.</summary>
internal static class RepositoryRoot
{
    /// <summary>The folder that holds ReliableMqtt.sln.</summary>
    public static string Path { get; } = Find();

    /// <summary>The full path of a file, given by its path from the root.</summary>
    public static string File(string relativePath) => System.IO.Path.Combine(Path, relativePath);

    // The source path does not hold in builds that map paths (deterministic ones), the assembly's place does; either will do.
    private static string Find([CallerFilePath] string source = "") =>
        Above(AppContext.BaseDirectory) ?? Above(System.IO.Path.GetDirectoryName(source) ?? "")
        ?? throw new InvalidOperationException($"No ReliableMqtt.sln above {AppContext.BaseDirectory}.");

    private static string? Above(string folder)
    {
        for (var at = folder.Length == 0 ? null : new DirectoryInfo(folder); at is not null; at = at.Parent)
            if (System.IO.File.Exists(System.IO.Path.Combine(at.FullName, "ReliableMqtt.sln"))) return at.FullName;
        return null;
    }
}
