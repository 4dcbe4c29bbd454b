/** What routing decides, for those who follow it. The routes keep these results, so both are declared in one place. */
export type { InputRoute, OutputRoute, UnknownRoute, Via } from './fib-route.ts';
