export { didYouMean, nearest } from '../../wire/suggest.ts';
