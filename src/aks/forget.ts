import type { ForgottenUdpEntries } from '../kube/kube-proxy/conntrack.ts';

/** Flow state that an edit takes with it. Whoever holds the session forgets it. */
export type Forget =
  /** kube-proxy deletes these UDP entries from the conntrack table of a namespace. */
  | { readonly kind: 'udp-entries'; readonly machine: string; readonly netns: string; readonly entries: readonly ForgottenUdpEntries[] }
  /** The namespace is gone, and with it everything it remembered. */
  | { readonly kind: 'netns'; readonly machine: string; readonly netns: string };
