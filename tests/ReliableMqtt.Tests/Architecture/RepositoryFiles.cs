using System.Diagnostics;

namespace ReliableMqtt.Tests.Architecture;

/// <summary>The files of the repository as git sees them; without git, those on the disk that are no build output.</summary>
internal static class RepositoryFiles
{
    private static readonly string[] NotOurs = ["bin", "obj", ".git", ".vs", ".idea", "TestResults", "artifacts"];

    /// <summary>Paths from the root: tracked files and new ones that are not ignored.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. (Git("ls-files", "-z", "--cached", "--others", "--exclude-standard") ?? OnDisk()).Where(path => File.Exists(RepositoryRoot.File(path)))];

    /// <summary>Tracked files only; null where there is no git repository.</summary>
    public static IReadOnlyList<string>? Tracked { get; } = Git("ls-files", "-z");

    private static string[]? Git(params string[] arguments)
    {
        // A clone may belong to another user than the one who tests it: reading its list of files is harmless.
        var start = new ProcessStartInfo("git", ["-c", "safe.directory=*", .. arguments])
        {
            WorkingDirectory = RepositoryRoot.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var git = Process.Start(start)!;
            var errors = git.StandardError.ReadToEndAsync();
            var output = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            _ = errors.GetAwaiter().GetResult();
            return git.ExitCode == 0 ? output.Split('\0', StringSplitOptions.RemoveEmptyEntries) : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // git is not installed
        }
    }

    private static IEnumerable<string> OnDisk() =>
        Directory.EnumerateFiles(RepositoryRoot.Path, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(RepositoryRoot.Path, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(part => NotOurs.Contains(part)));
}
