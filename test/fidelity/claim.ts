/** Why a claim should be believed, from strong to weak. */
export type Evidence =
  /** The real kernel did the same: probes that met any of these facts (`src/snapshot/kernel/facts.ts`) are counted. */
  | { readonly kind: 'kernel'; readonly facts: readonly string[] }
  /** The real kernel's tools were asked directly by the named test: how many questions, of what kind. */
  | { readonly kind: 'asked'; readonly what: string }
  /** Read in the source of the real program. */
  | { readonly kind: 'source'; readonly what: string }
  /** Expected results of the real program's own tests. */
  | { readonly kind: 'upstream'; readonly what: string }
  /** A shell session on a real AKS cluster. */
  | { readonly kind: 'transcript'; readonly what: string }
  /** A vendor's page. */
  | { readonly kind: 'document'; readonly what: string }
  /** Nobody says; it is a switch of the fabric. */
  | { readonly kind: 'assumption'; readonly name: string };

/** Something podwalk says of the real world, why, and the test that holds it to that. */
export interface Claim {
  readonly behaviour: string;
  readonly evidence: readonly Evidence[];
  /** Files or folders of this repository. */
  readonly tests: readonly string[];
}

export interface Group {
  readonly title: string;
  readonly claims: readonly Claim[];
}

export function kernel(...facts: string[]): Evidence {
  return { kind: 'kernel', facts };
}

export function asked(what: string): Evidence {
  return { kind: 'asked', what };
}

export function source(what: string): Evidence {
  return { kind: 'source', what };
}

export function upstream(what: string): Evidence {
  return { kind: 'upstream', what };
}

export function transcript(what: string): Evidence {
  return { kind: 'transcript', what };
}

export function document(what: string): Evidence {
  return { kind: 'document', what };
}

export function assumption(name: string): Evidence {
  return { kind: 'assumption', name };
}
