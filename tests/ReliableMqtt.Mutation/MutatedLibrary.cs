using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;

namespace ReliableMqtt.Mutation;

/// <summary>A copy of the repository whose library has all mutants in it, built with its tests.</summary>
internal sealed partial class MutatedLibrary
{
    private const string OwnFolder = "tests/ReliableMqtt.Mutation";
    private const string TestProject = "tests/ReliableMqtt.Tests";
    private const int BuildsAtMost = 12;

    // Every ack is passed over.
    private const string PlantedIn = "src/ReliableMqtt/Session/PublishSession.Acks.cs";
    private const string PlantedBehind = "if (_connection?.ConnectionId != connectionId) return;";

    private readonly string _folder;

    private MutatedLibrary(string folder) => _folder = folder;

    public IReadOnlyList<Mutant> Mutants { get; private set; } = [];

    /// <summary>Changes that the compiler refused: they are no mutants.</summary>
    public int Refused { get; private set; }

    /// <summary>The tests' program.</summary>
    public string TestProgram => Path.Combine(_folder, TestProject, "bin/Release/net10.0/ReliableMqtt.Tests.dll");

    /// <summary>Names the code, and what makes mutants of it.</summary>
    public string Code { get; private set; } = "";

    /// <param name="root">The repository; what is committed counts.</param>
    /// <param name="folder">Where to build, and where an earlier run may have built.</param>
    /// <param name="directories">What to mutate.</param>
    /// <param name="stop">Ends all.</param>
    public static async Task<MutatedLibrary> BuildAsync(string root, string folder, IReadOnlyList<string> directories, CancellationToken stop)
    {
        var copy = Path.Combine(folder, "a");
        var (builtFile, refusedFile) = (Path.Combine(folder, "built.txt"), Path.Combine(folder, "refused.txt"));
        var commit = (await RunAsync("git", ["rev-parse", "HEAD"], root, stop)).Trim();
        var library = new MutatedLibrary(copy) { Code = string.Join(' ', (await RunAsync("git", ["rev-parse", "HEAD:src", $"HEAD:{OwnFolder}/Mutator.cs", $"HEAD:{OwnFolder}/MutatedLibrary.cs"], root, stop)).Split('\n').Concat(directories)) };
        var without = File.Exists(refusedFile) && await File.ReadAllLinesAsync(refusedFile, stop) is [var code, .. var numbers] && code == library.Code
            ? numbers.Select(number => int.Parse(number, CultureInfo.InvariantCulture)).ToHashSet() : [];
        var isBuilt = without.Count > 0 && File.Exists(builtFile) && await File.ReadAllTextAsync(builtFile, stop) == commit;
        if (!isBuilt)
        {
            File.Delete(builtFile);
            if (Directory.Exists(copy)) Directory.Delete(copy, recursive: true);
            await RunAsync("git", ["clone", "--quiet", root, copy], ".", stop);
            await library.PlantAsync(stop);
        }
        else await RunAsync("git", ["checkout", "--quiet", "--", .. directories], copy, stop);

        if (isBuilt && directories.Any(directory => PlantedIn.StartsWith(directory + "/", StringComparison.Ordinal))) await library.PlantAsync(stop);
        var originals = directories.SelectMany(directory => Directory.EnumerateFiles(Path.Combine(copy, directory), "*.cs")).Order(StringComparer.Ordinal).ToDictionary(file => file, File.ReadAllText);
        for (var attempt = 0; attempt < BuildsAtMost; attempt++)
        {
            library.Write(originals, without);
            library.Refused = without.Count;
            if (isBuilt) return library;
            var output = await RunAsync("dotnet", ["build", TestProject, "-c", "Release", "-f", "net10.0", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false", "-p:TargetFrameworks=net10.0", "-nologo", "-v", "q"], copy, stop, mayFail: true);
            var refused = Refusals(output);
            without.UnionWith(refused);
            if (refused.Count > 0) continue;
            if (!File.Exists(library.TestProgram) || output.Contains(": error ", StringComparison.Ordinal)) throw new InvalidOperationException($"The mutated library cannot be built:\n{output}");
            await File.WriteAllLinesAsync(refusedFile, without.Select(id => id.ToString(CultureInfo.InvariantCulture)).Prepend(library.Code), stop);
            await File.WriteAllTextAsync(builtFile, commit, stop);
            return library;
        }

        throw new InvalidOperationException("The compiler refuses something new each time.");
    }

    private async Task PlantAsync(CancellationToken stop)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "src/ReliableMqtt/MutantSwitch.cs"), SwitchSource, stop);
        var file = Path.Combine(_folder, PlantedIn);
        var text = await File.ReadAllTextAsync(file, stop);
        if (!text.Contains(PlantedBehind, StringComparison.Ordinal)) throw new InvalidOperationException($"{PlantedIn} has no place for the planted mutant.");
        await File.WriteAllTextAsync(file, text.Replace(PlantedBehind, PlantedBehind + " if (MutantSwitch.IsPlanted) return;", StringComparison.Ordinal), stop);
    }

    private void Write(Dictionary<string, string> originals, HashSet<int> without)
    {
        var mutants = new List<Mutant>();
        var next = 1;
        foreach (var (file, text) in originals)
        {
            var mutator = new Mutator(Path.GetRelativePath(_folder, file), next, without);
            File.WriteAllText(file, mutator.Visit(CSharpSyntaxTree.ParseText(text).GetRoot()).ToFullString());
            mutants.AddRange(mutator.Mutants);
            next = mutator.NextId;
        }

        Mutants = mutants;
    }

    /// <summary>The mutants on the lines that the compiler complains of; where it complains of a way through a member, all of that member.</summary>
    private static HashSet<int> Refusals(string output)
    {
        var refused = new HashSet<int>();
        foreach (Match error in ErrorLine().Matches(output))
        {
            var lines = File.ReadAllLines(error.Groups["file"].Value);
            var line = int.Parse(error.Groups["line"].Value, CultureInfo.InvariantCulture) - 1;
            var (first, last) = (line, line);
            if (error.Groups["code"].Value is "CS0161" or "CS0165" or "CS0177")
            {
                while (first > 0 && lines[first - 1] is not ("" or "    {")) first--;
                while (last + 1 < lines.Length && lines[last] != "    }") last++;
            }

            while (first > 0 && !lines[first..(last + 1)].Any(SwitchCall().IsMatch)) first--;
            refused.UnionWith(lines[first..(last + 1)].SelectMany(text => SwitchCall().Matches(text)).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)));
        }

        return refused;
    }

    internal static async Task<string> RunAsync(string program, IEnumerable<string> arguments, string folder, CancellationToken stop, bool mayFail = false)
    {
        var info = new ProcessStartInfo(program) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        info.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var process = Process.Start(info)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(stop), process.StandardError.ReadToEndAsync(stop));
        await process.WaitForExitAsync(stop);
        if (process.ExitCode != 0 && !mayFail) throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await errors}");
        return await output + await errors;
    }

    [GeneratedRegex(@"(?<file>/[^\s(]+\.cs)\((?<line>\d+),\d+\): error (?<code>CS\d+)")]
    private static partial Regex ErrorLine();

    [GeneratedRegex(@"MutantSwitch\.Is\((\d+)\)")]
    private static partial Regex SwitchCall();

    private const string SwitchSource = """
        #pragma warning disable
        namespace ReliableMqtt;
        internal static class MutantSwitch
        {
            private static readonly int Active = int.Parse(System.Environment.GetEnvironmentVariable("MUTANT") ?? "0");
            private static readonly string? Reached = System.Environment.GetEnvironmentVariable("MUTANT_REACHED");
            private static readonly bool[] Seen = new bool[20_000];
            static MutantSwitch()
            {
                if (Reached is not null) System.AppDomain.CurrentDomain.ProcessExit += (_, _) => System.IO.File.WriteAllLines(Reached, System.Linq.Enumerable.Select(System.Linq.Enumerable.Where(System.Linq.Enumerable.Range(0, Seen.Length), i => Seen[i]), i => i.ToString()));
            }
            public static bool IsPlanted => Active == -1;
            public static bool Is(int id)
            {
                if (Reached is not null && id > 0) Seen[id] = true;
                return Active == id;
            }
        }
        """;
}
