#!/usr/bin/env node
import { compiledProgram } from './compiled.ts';

const { start } = compiledProgram(process.argv[2]) ?? (await import('./start.ts'));
process.exitCode = await start(process.argv.slice(2));
