using System.Diagnostics;
using Xunit;

namespace Edge.Tests.Support;

/// <summary>
/// A real nginx in front of Edge on a free loopback port, with files of its own; appends to <c>Forwarded</c> as the
/// guide of nginx says. Stopped by pid.
/// </summary>
internal sealed class Nginx : IAsyncDisposable
{
    private const string Binary = "/usr/sbin/nginx";

    private readonly Process _process;

    private Nginx(Process process, Uri address)
    {
        _process = process;
        Address = address;
    }

    public Uri Address { get; }

    public static async Task<Nginx> StartAsync(string directory, Uri edge)
    {
        Assert.SkipUnless(File.Exists(Binary), "needs nginx: apt-get install nginx-light");
        Directory.CreateDirectory(directory);
        var address = new Uri($"http://127.0.0.1:{EdgeProcess.FreePort()}");
        var configuration = Path.Combine(directory, "nginx.conf");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            daemon off;
            master_process off;
            pid {{directory}}/nginx.pid;
            error_log stderr;
            events { }
            http {
                access_log off;
                client_body_temp_path {{directory}}/body;
                proxy_temp_path {{directory}}/proxy;
                fastcgi_temp_path {{directory}}/fastcgi;
                uwsgi_temp_path {{directory}}/uwsgi;
                scgi_temp_path {{directory}}/scgi;
                map $http_forwarded $appended {
                    default "$http_forwarded, for=$remote_addr";
                    "" "for=$remote_addr";
                }
                server {
                    listen {{address.Host}}:{{address.Port}};
                    location / {
                        proxy_pass {{edge.GetLeftPart(UriPartial.Authority)}};
                        proxy_set_header Forwarded $appended;
                    }
                }
            }
            """
        );
        var start = new ProcessStartInfo(Binary, ["-p", directory, "-c", configuration])
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        var nginx = new Nginx(Process.Start(start)!, address);
        var messages = nginx._process.StandardError.ReadToEndAsync();
        using var client = new HttpClient { BaseAddress = address };
        await Wait.ForAsync(
            async () =>
            {
                Assert.False(nginx._process.HasExited, nginx._process.HasExited ? await messages : "");
                try
                {
                    using var answer = await client.GetAsync("/healthz");
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    // Not listening yet.
                    return false;
                }
            },
            isReady => isReady
        );
        return nginx;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
