import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MetricDeclaration } from '@hypershard/common'
import { declaredMetrics, labelMeanings, renderMetricsPage } from '../../scripts/render-metrics-page.ts'
import { repositoryRoot } from './source-files.ts'

const declared = declaredMetrics.flatMap(({ title, metrics }) => metrics.map(metric => ({ title, metric })))

function report(problems: readonly string[], mend: string): void {
  assert.equal(problems.length, 0, `${mend}:\n${problems.map(problem => `  ${problem}`).join('\n')}`)
}

/** What breaks a rule of Prometheus' (https://prometheus.io/docs/practices/naming/) or of this project's. */
function problemsOf({ name, kind, help, labels, buckets }: MetricDeclaration): string[] {
  const rules: [boolean, string][] = [
    [/^hypershard(_[a-z0-9]+)+$/.test(name), 'is not hypershard_ and words in small letters'],
    [name.endsWith('_total') === (kind === 'counter'), 'is a counter if and only if it ends in _total'],
    [!/_(ms|millis\w*|minutes?|hours?|kb|mb|gb|percent|count|sum|bucket)(_|$)/.test(name), 'is not in a base unit'],
    [!/(seconds|bytes|ratio)_(?!total$)/.test(name), 'has its unit before the end'],
    [/^[A-Z0-9][^.]*\.$/.test(help), `its help is not one sentence: ${help}`],
    [(kind === 'histogram') === (buckets !== undefined), 'a histogram, and nothing else, says its buckets'],
    [labels.every(label => labelMeanings[label] !== undefined), 'has a label without a meaning'],
    [new Set(labels).size === labels.length, 'has a label twice'],
    [(buckets ?? []).every((bound, at) => bound > (buckets![at - 1] ?? 0)), 'its buckets do not ascend'],
    [(buckets ?? []).length <= 15, 'has so many buckets that each label costs much'],
  ]
  return rules.flatMap(([holds, problem]) => (holds ? [] : [`${name} ${problem}`]))
}

describe('the metrics', () => {
  it('have names by the conventions, a help that is a sentence, and labels that are known to be bounded', () => {
    assert.ok(declared.length > 80)
    report(
      declared.flatMap(({ metric }) => problemsOf(metric)),
      'mend the declaration; a new label gets its values in scripts/render-metrics-page.ts',
    )
  })

  it('are each declared once: two processes that have the same share the declaration', () => {
    const byName = Map.groupBy(declared, ({ metric }) => metric.name)
    const twice = [...byName].filter(([, own]) => new Set(own.map(({ metric }) => metric)).size > 1)
    report(
      twice.map(([name]) => name),
      'share one declaration, or choose another name',
    )
    const again = [...byName].filter(([, own]) => new Set(own.map(({ title }) => title)).size < own.length)
    report(
      again.map(([name]) => name),
      'a process declares it twice',
    )
  })

  it('have no label whose meaning nobody needs', () => {
    const used = new Set(declared.flatMap(({ metric }) => metric.labels))
    report(
      Object.keys(labelMeanings).filter(label => !used.has(label)),
      'delete what no metric has',
    )
  })

  it('stand in docs/metrics.md as they are declared', () => {
    const page = readFileSync(join(repositoryRoot, 'docs/metrics.md'), 'utf8')
    assert.equal(page, renderMetricsPage(), 'run npm run generate')
  })
})
