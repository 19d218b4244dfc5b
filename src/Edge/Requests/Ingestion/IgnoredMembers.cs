using System.Text;
using Edge.Formats;

namespace Edge.Requests.Ingestion;

/// <summary>
/// The top-level members of a request's events that are not stored, because the API does not know them, because they are
/// named like a key or an address and must reach no event, or because the same member came again. Named in the answer, so that their sender finds out. One
/// reader at a time; bounded, whatever is sent.
/// </summary>
/// <param name="known">
/// The members the API knows; null where unknown ones are kept unless they look like a secret.
/// </param>
internal sealed class IgnoredMembers(MemberNames? known)
{
    /// <summary>Most names that are told; further ones are only counted.</summary>
    private const int NamesMax = 16;

    /// <summary>Longest name that is told whole.</summary>
    public const int NameBytesMax = 64;

    /// <summary>
    /// Names of keys and addresses, those of headers included: letters and digits alone, in lower case.
    /// </summary>
    private static readonly byte[][] Secrets =
    [
        .. new[]
        {
            "ip",
            "ipaddress",
            "ipaddr",
            "ipv4",
            "ipv6",
            "clientip",
            "clientaddress",
            "userip",
            "useraddress",
            "visitorip",
            "visitoraddress",
            "sourceip",
            "senderip",
            "hostip",
            "requestip",
            "originip",
            "peerip",
            "remoteip",
            "remoteaddr",
            "remoteaddress",
            "realip",
            "xrealip",
            "forwarded",
            "forwardedfor",
            "xforwarded",
            "xforwardedfor",
            "xoriginalforwardedfor",
            "originalforwardedfor",
            "trueclientip",
            "xclientip",
            "xclusterclientip",
            "cfconnectingip",
            "cfconnectingipv6",
            "cfpseudoipv4",
            "fastlyclientip",
            "flyclientip",
            "proxyclientip",
            "wlproxyclientip",
            "xazureclientip",
            "xappengineuserip",
            "xenvoyexternaladdress",
            "cookie",
            "cookies",
            "setcookie",
            "token",
            "apitoken",
            "accesstoken",
            "authtoken",
            "bearertoken",
            "idtoken",
            "refreshtoken",
            "sessiontoken",
            "csrftoken",
            "xcsrftoken",
            "xauthtoken",
            "jwt",
            "authorization",
            "proxyauthorization",
            "auth",
            "bearer",
            "credential",
            "credentials",
            "password",
            "passwd",
            "pwd",
            "secret",
            "secrets",
            "apisecret",
            "clientsecret",
            "secretkey",
            "apikey",
            "xapikey",
            "accesskey",
            "privatekey",
            "writekey",
            "xwritekey",
        }.Select(Encoding.ASCII.GetBytes),
    ];

    private List<(byte[] Name, bool IsRepeated)>? _names;

    /// <summary>How many members were ignored, those of the same name included.</summary>
    public int Count { get; private set; }

    /// <summary>Whether a member that the API does not know is to be ignored; notes it then.</summary>
    /// <param name="name">Its name.</param>
    public bool TryTake(ReadOnlySpan<byte> name)
    {
        if (known is null && !IsSecret(name))
        {
            return false;
        }

        Note(name[..Math.Min(name.Length, NameBytesMax)], isRepeated: false);
        return true;
    }

    /// <summary>Notes the value of a known member that came again with another one, which holds.</summary>
    /// <param name="name">Its name.</param>
    public void NoteRepeated(ReadOnlySpan<byte> name) => Note(name, isRepeated: true);

    /// <summary>
    /// The names as a list that is fit for a header, each with the name that was probably meant:
    /// <c>userId; meant=user_id, colour, event; repeated</c>. Empty when nothing was ignored.
    /// </summary>
    public string Describe() => string.Join(", ", (_names ?? []).Select(Describe));

    /// <summary>Whether a member is named like a key or an address.</summary>
    public static bool IsSecret(ReadOnlySpan<byte> name)
    {
        if (name.Length > NameBytesMax)
        {
            return false;
        }

        Span<byte> letters = stackalloc byte[NameBytesMax];
        var count = 0;
        foreach (var each in name)
        {
            if (char.IsAsciiLetterOrDigit((char)each))
            {
                letters[count++] = (byte)char.ToLowerInvariant((char)each);
            }
        }

        foreach (var secret in Secrets)
        {
            if (letters[..count].SequenceEqual(secret))
            {
                return true;
            }
        }

        return false;
    }

    private void Note(ReadOnlySpan<byte> name, bool isRepeated)
    {
        Count++;
        _names ??= [];
        if (_names.Count < NamesMax && !Has(name))
        {
            _names.Add((name.ToArray(), isRepeated));
        }
    }

    private string Describe((byte[] Name, bool IsRepeated) one)
    {
        var name = one.Name;
        var text = new StringBuilder(name.Length);
        foreach (var each in name)
        {
            text.Append(char.IsAsciiLetterOrDigit((char)each) || each is (byte)'_' or (byte)'-' ? (char)each : '?');
        }

        var shown = text.ToString();
        if (one.IsRepeated)
        {
            return $"{shown}; repeated";
        }

        // Of two letters every name is near.
        var meant =
            known is null || shown.Length < 3
                ? null
                : NearestName.Probable(known.All, shown) ?? NearestName.Longer(known.All, shown);
        return meant is null ? shown : $"{shown}; meant={meant}";
    }

    private bool Has(ReadOnlySpan<byte> name)
    {
        foreach (var noted in _names!)
        {
            if (name.SequenceEqual(noted.Name))
            {
                return true;
            }
        }

        return false;
    }
}
