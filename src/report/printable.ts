export { printable, printableJson } from '../show/printable.ts';
