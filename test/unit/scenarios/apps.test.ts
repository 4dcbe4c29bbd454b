import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSource } from '../../../src/cli/sources.ts';
import { loadScenario } from '../../../src/scenario/load.ts';
import { NO_FILES } from '../../../src/scenario/source/files.ts';
import { runScenario } from '../../../src/scenario/run.ts';
import { validateScenario } from '../../../src/scenario/validate.ts';
import { MODES, clusterWith, disappointments, meantOf } from './apps.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const SHOP = path.join(ROOT, 'scenarios/apps/shop/manifests.yaml');
const STORE = path.join(ROOT, '../shared/data/manifests/aks-store-all-in-one.yaml');
const FIXTURES = path.join(import.meta.dirname, 'apps');

function fixture(name: string): string {
  return readFileSync(path.join(FIXTURES, name), 'utf8');
}

describe.each(MODES)('an application in native manifests, mode %s', (mode) => {
  test.each(['messaging.yaml', 'observability.yaml'])('%s: every service is reachable as its author meant', (name) => {
    const app = clusterWith(mode, { [name]: fixture(name) });
    expect(meantOf(app).length).toBeGreaterThan(10);
    expect(disappointments(app)).toEqual([]);
  });

  test('the shop: every service is reachable as its author meant', () => {
    const app = clusterWith(mode, { 'manifests.yaml': readFileSync(SHOP, 'utf8') });
    expect(meantOf(app).length).toBeGreaterThan(30);
    expect(disappointments(app)).toEqual([]);
  });
});

const hasStore = existsSync(STORE);
if (!hasStore) console.warn(`${MODES.length * 2 + 2} tests skipped: ../shared/data/manifests is not there`);

describe.skipIf(!hasStore)('the AKS store, as its authors publish it', () => {
  describe.each(MODES)('mode %s', (mode) => {
    const app = (): ReturnType<typeof clusterWith> => clusterWith(mode, { 'store.yaml': readFileSync(STORE, 'utf8') });

    test('every service is reachable as its authors meant', () => {
      const store = app();
      expect(new Set(meantOf(store).map(({ to }) => to.replace(/@.*/, '')))).toEqual(
        new Set([
          'svc/default/documentdb:10260',
          'svc/default/rabbitmq:5672',
          'svc/default/rabbitmq:15672',
          'svc/default/order-service:3000',
          'svc/default/makeline-service:3001',
          'svc/default/product-service:3002',
          'svc/default/store-front:80',
          'svc/default/store-admin:80',
        ]),
      );
      expect(disappointments(store)).toEqual([]);
    });

    test('what nobody offers is refused', () => {
      const trace = app().trace({ from: 'deploy/default/virtual-customer', to: 'deploy/default/virtual-worker:80' });
      expect(trace.outcome).toBe('reset');
    });
  });

  test('its file is a source of its own', () => {
    const { checks } = runScenario(loadSource(STORE, undefined));
    expect(checks.length).toBeGreaterThanOrEqual(16);
    expect(checks.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
  });

  test('nothing in it is beyond the model', () => {
    expect(validateScenario(loadSource(STORE, undefined)).unknown).toEqual([]);
  });
});
