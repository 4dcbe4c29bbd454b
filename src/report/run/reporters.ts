import { github } from './github.ts';
import { json } from './json.ts';
import { junit } from './junit.ts';
import type { RunReporter } from './reporter.ts';
import { tap } from './tap.ts';
import { text } from './text.ts';

/** Every form in which `podwalk run` reports. */
export const RUN_REPORTERS: readonly RunReporter[] = [text, json, junit, tap, github];
