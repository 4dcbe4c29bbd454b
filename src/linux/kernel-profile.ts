/**
 * Named behaviours in which kernels differ. Distributions back-port, so a version number does not tell them; the default is what was
 * measured on 6.18.
 */
export interface KernelProfile {
  /** Whether a bridge in promiscuous mode passes its extra copy up with conntrack reset (`fixed`) or not (`old`). */
  readonly brPromiscConntrack: 'old' | 'fixed';
}

export const DEFAULT_KERNEL_PROFILE: KernelProfile = Object.freeze({ brPromiscConntrack: 'fixed' });
