import * as z from 'zod';
import { addRoute, deleteRoute, replaceRoute } from '../../../linux/ops/routes.ts';
import { addRule, deleteRule } from '../../../linux/ops/rules.ts';
import { section } from '../../schema/section.ts';
import { parseRoute, parseRouteSelector } from '../../text/ip-route.ts';
import { parseRule } from '../../text/ip-rule.ts';
import { type Operation, operation } from '../operation.ts';
import { mustBeOk, on, parsed, placeOf } from './place.ts';

const line = z.string().min(1).max(2000);
const routeArgs: z.ZodType<{ on: string; route: string }> = z.lazy(() =>
  section({
    on,
    route: line.describe('as ip route takes it: 10.1.0.0/16 via 10.224.0.4'),
  }),
);
const ruleArgs: z.ZodType<{ on: string; rule: string }> = z.lazy(() =>
  section({
    on,
    rule: line.describe('as ip rule takes it: from 10.1.0.0/16 lookup 100'),
  }),
);

export const addRouteOperation: Operation = operation('add-route', 'ip route add', routeArgs, (args, bench) => {
  mustBeOk(addRoute(placeOf(args.on, bench).netns, parsed(parseRoute, args.route)), args.route);
});

export const replaceRouteOperation: Operation = operation('replace-route', 'ip route replace', routeArgs, (args, bench) => {
  mustBeOk(replaceRoute(placeOf(args.on, bench).netns, parsed(parseRoute, args.route)), args.route);
});

export const deleteRouteOperation: Operation = operation('delete-route', 'ip route del', routeArgs, (args, bench) => {
  mustBeOk(deleteRoute(placeOf(args.on, bench).netns, parsed(parseRouteSelector, args.route)), args.route);
});

export const addRuleOperation: Operation = operation('add-ip-rule', 'ip rule add', ruleArgs, (args, bench) => {
  mustBeOk(addRule(placeOf(args.on, bench).netns, parsed(parseRule, args.rule)), args.rule);
});

export const deleteRuleOperation: Operation = operation('delete-ip-rule', 'ip rule del', ruleArgs, (args, bench) => {
  mustBeOk(deleteRule(placeOf(args.on, bench).netns, parsed(parseRule, args.rule)), args.rule);
});
