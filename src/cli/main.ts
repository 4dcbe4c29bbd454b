#!/usr/bin/env node
import { main } from './program.ts';
import { endWithOutput } from './terminal.ts';

endWithOutput();
process.exitCode = await main(process.argv.slice(2));
