import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCatalogue, isErrorCode } from '@hypershard/common'
import { isThorough } from '@hypershard/harness'
import { hasPrometheus } from '@hypershard/harness/servers'
import { parse } from 'yaml'
import { declaredMetrics, labelMeanings } from '../../scripts/render-metrics-page.ts'
import { anchorsOf } from '../tidy/markdown.ts'
import { repositoryRoot } from '../tidy/source-files.ts'
import { knownSeries } from './known-series.ts'
import { factsOf } from './promql.ts'
import { readRules, rulesPath } from './read-rules.ts'

const { recordings, alerts } = readRules()
const rules = [...recordings, ...alerts]
const series = knownSeries()
const operations = readFileSync(join(repositoryRoot, 'docs/operations.md'), 'utf8')
const titleOf = (rule: (typeof rules)[number]) => ('record' in rule ? rule.record : rule.alert)

function report(problems: readonly string[], mend: string): void {
  assert.equal(problems.length, 0, `${mend}:\n${problems.map(problem => `  ${problem}`).join('\n')}`)
}

describe('the rules for Prometheus', () => {
  it('read what processes declare, by labels that these have', () => {
    assert.ok(recordings.length > 10 && alerts.length > 30)
    report(
      rules.flatMap(rule => factsOf(rule.expr, series).problems.map(problem => `${titleOf(rule)}: ${problem}`)),
      'an alert on what does not exist never goes off',
    )
  })

  it('want values of labels that there are', () => {
    report(
      rules.flatMap(rule => unknownValues(rule.expr).map(problem => `${titleOf(rule)}: ${problem}`)),
      'docs/metrics.md tells which values a label takes',
    )
  })

  it('count as failed what the catalogue of errors lays at the door of the cluster', () => {
    const ours = Object.entries(errorCatalogue).flatMap(([code, { http }]) => (http >= 500 ? [code] : []))
    for (const record of ['hypershard:searches_failed:rate5m', 'hypershard:writes_failed:ratio_rate5m']) {
      const { wanted } = factsOf(recordings.find(rule => rule.record === record)!.expr, series)
      assert.deepEqual([...wanted[0]!.values].sort(), [...ours, 'overloaded'].sort(), record)
    }
  })

  it('record nothing that nobody reads', () => {
    const pages = ['overview', 'search', 'indexing', 'cluster'].map(name =>
      readFileSync(join(repositoryRoot, `deploy/grafana/${name}.json`), 'utf8'),
    )
    const readers = [...rules.map(({ expr }) => expr), ...pages].join('\n')
    report(
      recordings.map(({ record }) => record).filter(name => !new RegExp(`${name}(?![\\w:])`).test(readers)),
      'delete the rule, or show what it computes',
    )
  })
})

describe('the alerts', () => {
  it('say how bad it is, what it is and what it means', () => {
    report(
      alerts.flatMap(({ alert, labels, annotations: { summary = '', description = '' } }) => [
        ...(/^Hypershard([A-Z][a-z]+)+$/.test(alert) ? [] : [`${alert} is not called Hypershard…`]),
        ...(/^(critical|warning|info)$/.test(labels.severity ?? '') ? [] : [`${alert} has no severity`]),
        ...(summary.length > 20 && !summary.endsWith('.') ? [] : [`${alert} has no summary, or one with a full stop`]),
        ...(/^[A-Z].{40,}\.$/.test(description) ? [] : [`${alert} has no description of whole sentences`]),
      ]),
      'write it for who is woken by it',
    )
  })

  it('name in their texts only labels that their series have', () => {
    report(
      alerts.flatMap(({ alert, expr, annotations }) => {
        const { labels } = factsOf(expr, series)
        const named = [...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label!)
        return named.filter(label => !labels.includes(label)).map(label => `${alert} has no label ${label}`)
      }),
      'the text would have a hole there',
    )
  })

  it('have each a section of docs/operations.md, and each section an alert', () => {
    const anchors = anchorsOf(operations)
    const url = (alert: string) => `https://hypershard.dev/docs/operations.md#${alert.toLowerCase()}`
    report(
      alerts.flatMap(({ alert, annotations }) => [
        ...(annotations.runbook_url === url(alert) ? [] : [`${alert}: runbook_url is not ${url(alert)}`]),
        ...(anchors.has(alert.toLowerCase()) ? [] : [`${alert}: docs/operations.md has no section of this name`]),
      ]),
      'tell whom it wakes what to do',
    )
    const sections = [...operations.matchAll(/^### (Hypershard\w+)$/gm)].map(([, name]) => name!)
    report(
      sections.filter(name => !alerts.some(({ alert }) => alert === name)),
      'no alert is called so',
    )
    assert.equal(new Set(sections).size, sections.length, 'a section stands twice')
  })

  it('come with queries in docs/operations.md that can be asked', () => {
    const queries = [...operations.matchAll(/```promql\n([\s\S]*?)```/g)].map(([, query]) => query!.trim())
    assert.ok(queries.length > 0)
    report(
      queries.flatMap(query => [...factsOf(query, series).problems, ...unknownValues(query)]),
      'mend the query',
    )
  })

  it('are each shown to go off, and each test shows a time when they do not', () => {
    const path = join(repositoryRoot, 'deploy/prometheus/alerts.test.yml')
    const { tests } = parse(readFileSync(path, 'utf8')) as {
      tests: { name: string; promql_expr_test: { exp_samples: { labels: string }[] }[] }[]
    }
    const shown = tests.flatMap(({ promql_expr_test: times }) =>
      times.flatMap(({ exp_samples: samples }) => samples.map(({ labels }) => labels)),
    )
    report(
      alerts
        .filter(({ alert, labels: { window } }) => {
          const name = `alertname="${alert}"${window === undefined ? '' : `, window="${window}"`}`
          return !shown.includes(`{${name}}`)
        })
        .map(({ alert, labels: { window = '' } }) => `${alert} ${window}`),
      'add it to deploy/prometheus/alerts.test.yml',
    )
    report(
      tests
        .filter(({ promql_expr_test: times }) => times.every(time => time.exp_samples.length > 0))
        .map(({ name }) => name),
      'say when nothing goes off',
    )
  })
})

describe('promtool', () => {
  const check = (words: readonly string[]) =>
    execFileSync('promtool', words, { cwd: join(repositoryRoot, 'deploy/prometheus'), encoding: 'utf8', stdio: 'pipe' })
  const title = 'takes the configuration and the rules'
  if (!hasPrometheus()) {
    it(`left out: there is no \`promtool\`, which ${title}`)
    return
  }

  it(title, () => {
    assert.match(check(['check', 'config', 'prometheus.yml']), /SUCCESS/)
    assert.match(check(['check', 'rules', rulesPath]), /SUCCESS/)
  })

  // Five seconds of a core.
  const asked = isThorough() || process.env.TEST_PROMETHEUS !== undefined
  const goesOff = 'sees alerts go off when they should, and not before'
  if (!asked) it(`left out: \`npm run test:prometheus\` ${goesOff}`)
  else
    it(goesOff, () => {
      assert.match(check(['test', 'rules', 'alerts.test.yml']), /SUCCESS/)
    })
})

/** Values that a query wants of a label and that the label never has: neither its meaning nor the metric's help tells of them. */
function unknownValues(query: string): string[] {
  const metrics = declaredMetrics.flatMap(({ metrics: own }) => own)
  return factsOf(query, series).wanted.flatMap(({ series: name, label, values }) => {
    const metric = metrics.find(one => name.replace(/_(bucket|count|sum)$/, '') === one.name)
    if (metric === undefined || label === 'job') return []
    const told = new Set(`${labelMeanings[label]} ${metric.help}`.match(/\w+/g))
    return values.flatMap(value => (told.has(value) || isErrorCode(value) ? [] : [`${name} has no ${label} ${value}`]))
  })
}
