using System.Net.Sockets;
using System.Security.Authentication;

namespace Edge.Machine;

/// <summary>Why a request to another server failed, in words for operators.</summary>
internal static class ConnectionFailure
{
    /// <param name="failure">What the client threw; the cause may be deep inside.</param>
    /// <param name="place">The server, as its address names it.</param>
    public static string Describe(Exception failure, string place)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case SocketException
                {
                    SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData
                }:
                    return $"the name {place} cannot be resolved";
                case SocketException socket:
                    return $"{place} cannot be reached: {socket.Message}";
                case AuthenticationException tls:
                    return $"no TLS with {place}: {tls.Message}";
            }
        }

        return $"the connection to {place} broke: {failure.GetBaseException().Message}";
    }
}
