import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { manifests, readDocuments, repository } from './install.ts';

const folder = 'components/monitoring';

/** The names of metrics in an expression, without the endings that histograms give. */
function metricsIn(text: string): readonly string[] {
  return [...text.matchAll(/kube_harden_\w+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, ''));
}

describe('the monitoring', () => {
  const source = readFileSync(join(repository, 'src/server/serveMetrics.ts'), 'utf8');
  const metrics = new Set(metricsIn(source));
  const dashboard = readFileSync(join(manifests, folder, 'kube-harden.json'), 'utf8');
  const group = z.object({
    rules: z.array(
      z.object({
        alert: z.string(),
        expr: z.string(),
        annotations: z.object({ summary: z.string(), description: z.string() }),
      }),
    ),
  });
  const [rule] = readDocuments(`${folder}/alerts.yaml`);
  const { rules } = group.parse(z.object({ spec: z.object({ groups: z.tuple([group]) }) }).parse(rule).spec.groups[0]);

  it('asks for metrics that there are', () => {
    for (const { alert, expr } of rules) for (const name of metricsIn(expr)) expect(metrics, alert).to.include(name);
    for (const name of metricsIn(dashboard)) expect(metrics).to.include(name);
  });

  it('shows each metric', () => {
    expect([...new Set(metricsIn(dashboard))]).to.have.members([...metrics]);
  });

  it('has a dashboard whose panels do not overlap', () => {
    const at = z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() });
    const panels = z.object({ panels: z.array(z.object({ gridPos: at })) }).parse(JSON.parse(dashboard)).panels;
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).to.equal(cells.length);
  });
});
