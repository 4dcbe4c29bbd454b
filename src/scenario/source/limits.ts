/** What one input may cost. Every message about a limit names the constant. */
export const LIMITS = {
  /** Bytes of one file. */
  MAX_FILE_BYTES: 16_777_216,
  /** Bytes of all files of one scenario together. */
  MAX_TOTAL_BYTES: 67_108_864,
  /** Files that one scenario includes. */
  MAX_INCLUDES: 200,
  /** Documents in one YAML file. */
  MAX_DOCUMENTS: 20_000,
  /** Mappings and lists inside each other. */
  MAX_DEPTH: 64,
  /** Values of one file once its aliases are written out. */
  MAX_VALUES: 2_000_000,
  /** Values that aliases add. */
  MAX_ALIAS_VALUES: 10_000,
  /** Scenario files of one run. */
  MAX_FILES: 10_000,
  MAX_NODES: 5_000,
  MAX_PODS: 250_000,
  MAX_SERVICES: 20_000,
  MAX_HOSTS: 1_000,
  /** Checks of one scenario once lists and matrices are written out. */
  MAX_CHECKS: 50_000,
  MAX_STEPS: 1_000,
  /** Problems that are printed; the rest is counted. */
  MAX_PROBLEMS: 50,
} as const;
export type LimitName = keyof typeof LIMITS;

/** `1000001 nodes, the limit is 5000 (MAX_NODES)`. */
export function overLimit(found: string, limit: LimitName): string {
  return `${found}, the limit is ${LIMITS[limit]} (${limit})`;
}
