/**
 * Where two trees of plain data differ, as texts. Where a Kubernetes object was written (`source`) is no part of a network.
 * @param limit how many differences are listed
 */
export function differences(a: unknown, b: unknown, limit = 5): string[] {
  const found: string[] = [];
  compare(a, b, '', found, limit);
  return found;
}

function compare(a: unknown, b: unknown, path: string, found: string[], limit: number): void {
  if (a === b || found.length >= limit) return;
  if (!isTree(a) || !isTree(b) || Array.isArray(a) !== Array.isArray(b)) {
    found.push(`${path}: ${shown(a)} and ${shown(b)}`);
    return;
  }
  const [left, right] = [new Map<string, unknown>(Object.entries(a)), new Map<string, unknown>(Object.entries(b))];
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    if (key !== 'source') compare(left.get(key), right.get(key), `${path}/${key}`, found, limit);
  }
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 120);
}
