using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Edge.Access;

/// <summary>
/// A seeded hash of the prefixes of addresses, which clients cannot predict: limits keep it instead of the address.
/// Made once for a table. Immutable; allocates nothing.
/// </summary>
internal sealed class AddressHash
{
    /// <summary>
    /// Prefixes of IPv6 that a subscriber may have, bits, and their limits as multiples of the first.
    /// </summary>
    public static readonly (int Bits, int Factor)[] Prefixes = [(64, 1), (56, 4), (48, 16)];

    private readonly ulong _seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>The hash of an IPv4 address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong OfV4(uint address, ulong scope = 0) => Mix(address ^ scope, 32);

    /// <summary>
    /// The hash of the first bits of an IPv6 address; the length makes the hashes of one address differ.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong OfV6(UInt128 address, int bits, ulong scope = 0) =>
        Mix((ulong)(address >> (128 - bits)) ^ scope, (ulong)bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Mix(ulong prefix, ulong length)
    {
        var x = (prefix ^ _seed) + length * 0x9E37_79B9_7F4A_7C15;
        x = (x ^ x >> 30) * 0xBF58_476D_1CE4_E5B9;
        x = (x ^ x >> 27) * 0x94D0_49BB_1331_11EB;
        return x ^ x >> 31;
    }
}
