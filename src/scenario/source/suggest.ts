export { nearest } from '../../wire/suggest.ts';
