namespace Edge.Tests.Support;

/// <summary>nginx with files of its own.</summary>
internal static class Nginx
{
    private const string Binary = "/usr/sbin/nginx";

    /// <summary>Starts it with a server that appends to <c>Forwarded</c> as the guide of nginx says.</summary>
    public static Task<FrontProxy> StartAsync(string directory, Uri edge)
    {
        var address = FrontProxy.FreeAddress();
        return StartAsync(
            directory,
            address,
            $$"""
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
            """
        );
    }

    /// <summary>Starts it with servers that listen on an address.</summary>
    public static async Task<FrontProxy> StartAsync(string directory, Uri address, string servers)
    {
        Directory.CreateDirectory(directory);
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
                {{servers}}
            }
            """
        );
        return await FrontProxy.StartAsync(Binary, ["-p", directory, "-c", configuration], address);
    }
}
