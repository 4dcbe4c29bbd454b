/** Explicit congestion notification: the low two bits of the TOS byte. @source RFC 3168, include/net/inet_ecn.h */
const ECN = 3;
const NOT_ECT = 0;
const ECT_1 = 1;
const ECT_0 = 2;
const CE = 3;

/** The TOS of a tunnel's header: what the packet inside is able to bear, but not that it met congestion already. @source INET_ECN_encapsulate */
export function ecnEncapsulate(outer: number, inner: number): number {
  const ecn = inner & ECN;
  return (outer & ~ECN) | (ecn === CE ? ECT_0 : ecn);
}

/**
 * The TOS of a packet that comes out of a tunnel: it bears what its way met.
 * @returns null for one that met congestion and is not able to bear that
 * @source INET_ECN_decapsulate
 */
export function ecnDecapsulate(outer: number, inner: number): number | null {
  const met = outer & ECN;
  const ecn = inner & ECN;
  if (met === CE) return ecn === NOT_ECT ? null : inner | CE;
  return met === ECT_1 && ecn === ECT_0 ? (inner & ~ECN) | ECT_1 : inner;
}

/** The DSCP alone. */
export function withoutEcn(tos: number): number {
  return tos & ~ECN;
}
