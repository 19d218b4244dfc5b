using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Edge.Catalog;
using Edge.Enrichment.Hashing;
using Edge.Experiments;
using Edge.Formats;
using Edge.Selection;

namespace Edge.Visits;

/// <summary>What became of the token in a link; the word is its label in metrics.</summary>
internal enum LinkState
{
    /// <summary>There was none.</summary>
    None,

    /// <summary>It holds: unit, variant and tracking mode are those of its sender.</summary>
    Accepted,

    /// <summary>It is no token, or one that was changed or cut on its way.</summary>
    Damaged,

    /// <summary>It was made with a secret that this service has not, or no longer.</summary>
    UnknownKey,

    /// <summary>It is of another experiment.</summary>
    Foreign,

    /// <summary>Its time is over.</summary>
    Expired,
}

/// <summary>What a token says beside the unit.</summary>
/// <param name="Experiment">Fingerprint of the experiment's uid.</param>
/// <param name="Variant">Fingerprint of the variant whose destination the link has; 0 when the visit decides.</param>
/// <param name="Tracking">What is kept of its visits at most.</param>
/// <param name="SentSeconds">When it was sent, seconds since 1970 UTC.</param>
/// <param name="UntilSeconds">When it ends, likewise; 0 for never.</param>
internal readonly record struct LinkClaims(
    uint Experiment,
    uint Variant,
    TrackingMode Tracking,
    uint SentSeconds,
    uint UntilSeconds
);

/// <summary>A token as it was read.</summary>
/// <param name="State">What became of it.</param>
/// <param name="Claims">
/// What it says; of an expired or foreign one too, because what was promised about tracking still holds.
/// </param>
internal readonly record struct LinkToken(LinkState State, LinkClaims Claims)
{
    /// <summary>
    /// What is kept of its visit at most. What a token promised that cannot be read is not known, so nothing about the
    /// person is kept.
    /// </summary>
    public TrackingMode Tracking =>
        State is LinkState.Damaged or LinkState.UnknownKey ? TrackingMode.Aggregate : Claims.Tracking;

    /// <summary>Index of the variant whose destination the link has; -1 when the visit decides.</summary>
    public int VariantOf(CatalogEntry experiment) =>
        State == LinkState.Accepted && Claims.Variant != 0 && experiment.Status != ExperimentStatus.Completed
            ? experiment.IndexOfFingerprint(Claims.Variant)
            : -1;

    /// <summary>When the link was sent; null when that is not known.</summary>
    public DateTimeOffset? SentAt =>
        State == LinkState.Accepted ? DateTimeOffset.FromUnixTimeSeconds(Claims.SentSeconds) : null;

    /// <summary>What an event says in <c>unit_ignored</c>; empty when the token holds or there was none.</summary>
    public ReadOnlySpan<byte> Ignored =>
        State switch
        {
            LinkState.Damaged => "link_damaged"u8,
            LinkState.UnknownKey => "link_unknown_key"u8,
            LinkState.Foreign => "link_foreign"u8,
            LinkState.Expired => "link_expired"u8,
            _ => default,
        };
}

/// <summary>
/// Makes and reads the tokens of signed links, which stand in the parameter <c>u</c> in the place of the unit: a full stop,
/// then in base64url version, name of the key, checksum, nonce, what the token says with the unit, encrypted, and tag.
/// AES-256-GCM, so nobody without the secret reads the unit or changes anything. Looks at memory alone. Thread safe; reading allocates
/// nothing once a thread has its cipher.
/// </summary>
internal sealed class LinkTokens
{
    /// <summary>What a token begins with; no unit does.</summary>
    public const byte Mark = (byte)'.';

    /// <summary>Most secrets: the one that signs, and earlier ones whose links still are in mails.</summary>
    public const int SecretsMax = 16;

    /// <summary>Longest id that a token is made of.</summary>
    public const int IdCharsMax = 1_024;

    private const byte Version = 1;
    private const int NameAt = 1;
    private const int SumAt = NameAt + sizeof(ushort);
    private const int NonceAt = SumAt + sizeof(uint);
    private const int NonceBytes = 12;
    private const int ContentAt = NonceAt + NonceBytes;
    private const int TagBytes = 16;
    private const int KeyBytes = 32;
    private const int UnitAt = (4 * sizeof(uint)) + 1;
    private const int TokenBytesMin = ContentAt + UnitAt + TagBytes;
    private const int TokenBytesMax = TokenBytesMin + Bucketing.UnitBytesMax;

    private readonly LinkKey[] _keys;
    private readonly long[] _read = new long[Enum.GetValues<LinkState>().Length];

    /// <param name="secrets">Secrets of which the first signs and all are accepted.</param>
    /// <param name="salt">
    /// The salt of the service, which all nodes of a fleet have alike: signs when there are no secrets, and is accepted
    /// always, so that links sent before there were any go on.
    /// </param>
    public LinkTokens(IReadOnlyCollection<string> secrets, string salt) =>
        _keys = [.. secrets.Select(static secret => new LinkKey("edge links 1", secret)), new LinkKey("edge links of salt 1", salt)];

    /// <summary>Tokens that were read with this result since the start.</summary>
    public long Read(LinkState state) => Interlocked.Read(ref _read[(int)state]);

    /// <summary>Makes a token.</summary>
    /// <param name="claims">What it says.</param>
    /// <param name="unit">The unit, at most <see cref="Bucketing.UnitBytesMax"/> bytes.</param>
    public string Create(in LinkClaims claims, ReadOnlySpan<byte> unit)
    {
        Span<byte> token = stackalloc byte[TokenBytesMax];
        token = token[..(TokenBytesMin + unit.Length)];
        Span<byte> content = stackalloc byte[UnitAt + Bucketing.UnitBytesMax];
        content = content[..(UnitAt + unit.Length)];
        BinaryPrimitives.WriteUInt32BigEndian(content, claims.Experiment);
        BinaryPrimitives.WriteUInt32BigEndian(content[4..], claims.Variant);
        BinaryPrimitives.WriteUInt32BigEndian(content[8..], claims.SentSeconds);
        BinaryPrimitives.WriteUInt32BigEndian(content[12..], claims.UntilSeconds);
        content[16] = (byte)claims.Tracking;
        unit.CopyTo(content[UnitAt..]);

        token[0] = Version;
        BinaryPrimitives.WriteUInt16BigEndian(token[NameAt..], _keys[0].Name);
        RandomNumberGenerator.Fill(token.Slice(NonceAt, NonceBytes));
        _keys[0].Encrypt(token, content);
        return (char)Mark + Base64Url.EncodeToString(token);
    }

    /// <summary>Makes a token of an id of any length.</summary>
    /// <param name="claims">What it says.</param>
    /// <param name="id">The id, with which <see cref="ProblemOf"/> finds nothing wrong.</param>
    public string Create(in LinkClaims claims, string id) =>
        Create(claims, Visit.UnitOf(Encoding.UTF8.GetBytes(id), stackalloc byte[Bucketing.UnitBytesMax]));

    /// <summary>What is wrong with an id, as the rest of a sentence; null when it can be that of a unit.</summary>
    public static string? ProblemOf(string id) =>
        id.Length is 0 or > IdCharsMax ? $"must be 1 to {IdCharsMax} characters"
        : MergeTag.IsIn(Encoding.UTF8.GetBytes(id)) ? "is a merge tag that nobody has filled in"
        : null;

    /// <summary>Reads a token, whatever experiment it is of and whether or not its time is over.</summary>
    /// <param name="text">The token, its mark included.</param>
    /// <param name="room"><see cref="Bucketing.UnitBytesMax"/> bytes for the unit.</param>
    /// <param name="written">Bytes of the unit; 0 unless the token is accepted.</param>
    public LinkToken Open(ReadOnlySpan<byte> text, Span<byte> room, out int written)
    {
        written = 0;
        Span<byte> bytes = stackalloc byte[TokenBytesMax];
        if (
            Base64Url.DecodeFromUtf8(text[1..], bytes, out var consumed, out var length) != OperationStatus.Done
            || consumed != text.Length - 1
            || length < TokenBytesMin
            || bytes[0] != Version
        )
        {
            return new LinkToken(LinkState.Damaged, default);
        }

        var token = bytes[..length];
        var name = BinaryPrimitives.ReadUInt16BigEndian(token[NameAt..]);
        var isKnown = false;
        Span<byte> content = stackalloc byte[UnitAt + Bucketing.UnitBytesMax];
        content = content[..(length - ContentAt - TagBytes)];
        foreach (var key in _keys)
        {
            if (key.Name != name)
            {
                continue;
            }

            isKnown = true;
            if (key.TryDecrypt(token, content))
            {
                content[UnitAt..].CopyTo(room);
                written = content.Length - UnitAt;
                return new LinkToken(LinkState.Accepted, ClaimsOf(content));
            }
        }

        return new LinkToken(isKnown ? LinkState.Damaged : LinkState.UnknownKey, default);
    }

    /// <summary>Judges a token that was opened by the experiment it is used for and the time, and counts it.</summary>
    /// <param name="opened">The token.</param>
    /// <param name="experiment">The experiment; null for whichever.</param>
    /// <param name="now">The time.</param>
    public LinkToken Judge(in LinkToken opened, CatalogEntry? experiment, DateTimeOffset now)
    {
        var state = opened.State;
        if (state == LinkState.Accepted)
        {
            var (claims, until) = (opened.Claims, opened.Claims.UntilSeconds);
            state =
                experiment is not null && claims.Experiment != experiment.Fingerprint ? LinkState.Foreign
                : until != 0 && now.ToUnixTimeSeconds() >= until ? LinkState.Expired
                : LinkState.Accepted;
        }

        Interlocked.Increment(ref _read[(int)state]);
        return opened with { State = state };
    }

    private static LinkClaims ClaimsOf(ReadOnlySpan<byte> content) =>
        new(
            BinaryPrimitives.ReadUInt32BigEndian(content),
            BinaryPrimitives.ReadUInt32BigEndian(content[4..]),
            // A mode of a later version is stricter than those that are known here.
            (TrackingMode)Math.Min(content[16], (byte)TrackingMode.Off),
            BinaryPrimitives.ReadUInt32BigEndian(content[8..]),
            BinaryPrimitives.ReadUInt32BigEndian(content[12..])
        );

    /// <summary>One key. Thread safe: a cipher is used by one thread, and each thread has its own.</summary>
    private sealed class LinkKey
    {
        [ThreadStatic]
        private static Dictionary<LinkKey, AesGcm>? _ciphersOfThread;

        private readonly byte[] _key;
        private readonly SipHash128 _sum;

        public LinkKey(string purpose, string secret)
        {
            _key = Derive(secret, purpose, KeyBytes);
            var sum = Derive(secret, purpose + " sum", 2 * sizeof(ulong));
            _sum = new SipHash128(
                BinaryPrimitives.ReadUInt64BigEndian(sum),
                BinaryPrimitives.ReadUInt64BigEndian(sum.AsSpan(sizeof(ulong)))
            );
            Name = BinaryPrimitives.ReadUInt16BigEndian(Derive(secret, purpose + " name", sizeof(ushort)));
        }

        /// <summary>What names it in tokens; two may have the same.</summary>
        public ushort Name { get; }

        /// <summary>Puts the content, the tag and the checksum into a token that has all the rest.</summary>
        public void Encrypt(Span<byte> token, ReadOnlySpan<byte> content)
        {
            Cipher.Encrypt(
                token.Slice(NonceAt, NonceBytes),
                content,
                token[ContentAt..^TagBytes],
                token[^TagBytes..],
                token[..SumAt]
            );
            BinaryPrimitives.WriteUInt32BigEndian(token[SumAt..], SumOf(token));
        }

        /// <summary>
        /// Decrypts and verifies. <see cref="AesGcm"/> throws for a wrong tag, which costs more than all the rest of a
        /// click, so a keyed checksum is looked at first: whoever has not the secret gets past it once in four billion
        /// tries.
        /// </summary>
        public bool TryDecrypt(ReadOnlySpan<byte> token, Span<byte> content)
        {
            if (BinaryPrimitives.ReadUInt32BigEndian(token[SumAt..]) != SumOf(token))
            {
                return false;
            }

            try
            {
                Cipher.Decrypt(
                    token.Slice(NonceAt, NonceBytes),
                    token[ContentAt..^TagBytes],
                    token[^TagBytes..],
                    content,
                    token[..SumAt]
                );
                return true;
            }
            catch (AuthenticationTagMismatchException)
            {
                return false;
            }
        }

        private uint SumOf(ReadOnlySpan<byte> token) => (uint)_sum.Compute(token[NonceAt..]);

        /// <summary>Ends with its thread.</summary>
        private AesGcm Cipher
        {
            get
            {
                var ciphers = _ciphersOfThread ??= [];
                if (!ciphers.TryGetValue(this, out var cipher))
                {
                    ciphers.Add(this, cipher = new AesGcm(_key, TagBytes));
                }

                return cipher;
            }
        }

        private static byte[] Derive(string secret, string purpose, int bytes) =>
            HKDF.DeriveKey(
                HashAlgorithmName.SHA256,
                Encoding.UTF8.GetBytes(secret),
                bytes,
                info: Encoding.UTF8.GetBytes(purpose)
            );
    }
}
