namespace ReliableMqtt.Mutation;

/// <summary>What is added to the copy: the switch to the library, and to its tests a way to run many mutants in one process.</summary>
internal static class PlantedSources
{
    public const string Switch = """
        #pragma warning disable
        namespace ReliableMqtt;
        internal static class MutantSwitch
        {
            internal static int Active = int.Parse(System.Environment.GetEnvironmentVariable("MUTANT") ?? "0");
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

    /// <summary>Reads lines of a mutant's number and names of classes, and answers each with ##1 when all their tests pass, else with ##0. xunit's own runner ends the process after its first run.</summary>
    public const string Host = """
        #pragma warning disable
        using System.Reflection;
        namespace ReliableMqtt.Tests;
        internal static class MutantHost
        {
            public static async System.Threading.Tasks.Task<int> Main(string[] args)
            {
                if (args is not ["host"]) return await global::Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
                while (System.Console.ReadLine() is { } line)
                {
                    var parts = line.Split(' ');
                    MutantSwitch.Active = int.Parse(parts[0]);
                    var passed = true;
                    try
                    {
                        foreach (var name in parts[1..]) await RunAsync(typeof(MutantHost).Assembly.GetType(name, true)!);
                    }
                    catch (System.Exception error)
                    {
                        passed = false;
                        if (MutantSwitch.Active == 0) System.Console.WriteLine(error);
                    }
                    MutantSwitch.Active = 0;
                    System.Console.WriteLine(passed ? "\n##1" : "\n##0");
                    System.Console.Out.Flush();
                }
                return 0;
            }

            private static readonly string[] Without = (System.Environment.GetEnvironmentVariable("MUTANT_WITHOUT") ?? "").Split(' ', System.StringSplitOptions.RemoveEmptyEntries);

            private sealed class Output : ITestOutputHelper
            {
                string ITestOutputHelper.Output => "";
                public void Write(string message) { }
                public void Write(string format, params object[] args) { }
                public void WriteLine(string message) { }
                public void WriteLine(string format, params object[] args) { }
            }

            private static async System.Threading.Tasks.Task RunAsync(System.Type type)
            {
                foreach (var method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance))
                {
                    if (System.Linq.Enumerable.FirstOrDefault(System.Linq.Enumerable.OfType<global::Xunit.v3.IFactAttribute>(method.GetCustomAttributes())) is not { } fact || fact.Skip is not null || System.Array.Exists(Without, method.Name.StartsWith)) continue;
                    if (fact is not global::Xunit.v3.ITheoryAttribute) await RunAsync(type, method, []);
                    else
                        foreach (var data in System.Linq.Enumerable.OfType<global::Xunit.v3.IDataAttribute>(method.GetCustomAttributes()))
                            foreach (var row in await data.GetData(method, new global::Xunit.Sdk.DisposalTracker())) await RunAsync(type, method, row.GetData());
                }
            }

            private static async System.Threading.Tasks.Task RunAsync(System.Type type, MethodInfo method, object?[] values)
            {
                var parameters = method.GetParameters();
                values = [.. values];
                for (var i = 0; i < values.Length; i++)
                {
                    var target = System.Nullable.GetUnderlyingType(parameters[i].ParameterType) ?? parameters[i].ParameterType;
                    if (values[i] is not null && !target.IsInstanceOfType(values[i])) values[i] = target.IsEnum ? System.Enum.ToObject(target, values[i]!) : System.Convert.ChangeType(values[i], target);
                }

                var tests = System.Activator.CreateInstance(type, type.GetConstructors()[0].GetParameters().Length == 0 ? [] : [new Output()])!;
                if (tests is IAsyncLifetime lifetime) await lifetime.InitializeAsync();
                switch (method.Invoke(tests, values))
                {
                    case System.Threading.Tasks.Task task: await task; break;
                    case System.Threading.Tasks.ValueTask task: await task; break;
                }
                if (tests is System.IAsyncDisposable asynchronous) await asynchronous.DisposeAsync();
                else if (tests is System.IDisposable disposable) disposable.Dispose();
            }
        }
        """;
}
