using System.Security.Cryptography;
using ReliableMqtt.IntegrationTests.Fixtures;

namespace ReliableMqtt.Tool.Tests.Doctor;

/// <summary>A mosquitto that knows one user, who may write to <c>plant/#</c> alone.</summary>
internal sealed class GuardedBroker : IAsyncDisposable
{
    private const string User = "gateway", Password = "right-pa55word";
    private const int Iterations = 101;

    private readonly string _folder = Directory.CreateTempSubdirectory("reliable-mqtt-guarded-").FullName;
    private MosquittoBroker? _broker;

    /// <summary>Where it is, with the right password.</summary>
    public string Address => With(Password);

    public static async Task<GuardedBroker> StartAsync(params string[] extraLines)
    {
        var guarded = new GuardedBroker();
        try
        {
            await guarded.LaunchAsync(extraLines);
            return guarded;
        }
        catch
        {
            await guarded.DisposeAsync();
            throw;
        }
    }

    public string With(string password) => $"mqtt://{User}:{password}@127.0.0.1:{_broker!.Port}";

    public string ReadLog() => _broker!.ReadLog();

    public async ValueTask DisposeAsync()
    {
        if (_broker is not null) await _broker.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task LaunchAsync(string[] extraLines)
    {
        // As mosquitto_passwd writes it: PBKDF2 with SHA-512.
        var salt = RandomNumberGenerator.GetBytes(12);
        var hash = Rfc2898DeriveBytes.Pbkdf2(Password, salt, Iterations, HashAlgorithmName.SHA512, 64);
        var passwords = await WriteAsync("passwords", $"{User}:$7${Iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}\n");
        var rights = await WriteAsync("rights", $"user {User}\ntopic readwrite plant/#\n");
        _broker = await MosquittoBroker.StartAsync(new MosquittoSettings { ExtraLines = [$"password_file {passwords}", $"acl_file {rights}", .. extraLines] });
    }

    private async Task<string> WriteAsync(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(path, text);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
