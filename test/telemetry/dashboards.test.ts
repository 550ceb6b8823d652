import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { parse } from 'yaml'
import { renderDashboards } from '../../deploy/grafana/src/dashboards.ts'
import { repositoryRoot } from '../tidy/source-files.ts'
import { knownSeries } from './known-series.ts'
import { factsOf, fillIn } from './promql.ts'
import { readRules } from './read-rules.ts'

const folder = join(repositoryRoot, 'deploy/grafana')
const dashboards = [...renderDashboards()].map(([file, text]) => ({ file, page: JSON.parse(text) as Dashboard }))
const panels = dashboards.flatMap(({ file, page }) =>
  (page.panels as Panel[])
    .filter(({ type }) => type !== 'row')
    .map(panel => ({ at: `${file}: ${panel.title}`, panel })),
)
const targetsOf = (panel: Panel) =>
  (panel.targets ?? []) as unknown as { expr: string; refId: string; legendFormat: string }[]

function report(problems: readonly string[], mend: string): void {
  assert.equal(problems.length, 0, `${mend}:\n${problems.map(problem => `  ${problem}`).join('\n')}`)
}

describe('the dashboards', () => {
  it('are checked in as they are described', () => {
    assert.deepEqual(globSync('*.json', { cwd: folder }).sort(), [...renderDashboards().keys()].sort())
    for (const [file, text] of renderDashboards()) {
      assert.ok(readFileSync(join(folder, file), 'utf8') === text, `${file} is stale: run npm run generate`)
    }
  })

  it('ask for series that there are, by labels that these have', () => {
    assert.ok(panels.length > 60)
    const series = knownSeries()
    report(
      panels.flatMap(({ at, panel }) =>
        targetsOf(panel).flatMap(({ expr, legendFormat }) => {
          const { problems, labels } = factsOf(fillIn(expr), series)
          const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!)
          const lacking = named
            .filter(label => !labels.includes(label))
            .map(label => `no label ${label} for the legend`)
          return [...problems, ...lacking].map(problem => `${at}: ${problem}`)
        }),
      ),
      'a panel on what does not exist stays empty',
    )
  })

  it('tell of every panel what it shows, in which unit, from the data source that was chosen', () => {
    report(
      panels.flatMap(({ at, panel }) => {
        const { description = '', fieldConfig, datasource } = panel
        const targets = targetsOf(panel)
        return [
          ...(/\.$/.test(description) && description.length > 5 ? [] : [`${at}: no description`]),
          ...(fieldConfig?.defaults.unit ? [] : [`${at}: no unit`]),
          ...(datasource?.uid === ['$', '{datasource}'].join('') ? [] : [`${at}: another data source`]),
          ...(targets.length > 0 ? [] : [`${at}: nothing is asked`]),
          ...(new Set(targets.map(({ refId }) => refId)).size === targets.length ? [] : [`${at}: a letter twice`]),
          ...(targets.length === 1 || targets.every(one => one.legendFormat !== '')
            ? []
            : [`${at}: a line has no name`]),
        ]
      }),
      'describe it in deploy/grafana/src/pages',
    )
  })

  it('put no panel onto another, and none beyond the edge', () => {
    for (const { file, page } of dashboards) {
      const all = page.panels as Panel[]
      assert.equal(new Set(all.map(({ id }) => id)).size, all.length, `${file}: an id twice`)
      const taken = new Set<string>()
      for (const { gridPos, title } of all) {
        const { x, y, w, h } = gridPos!
        assert.ok(x >= 0 && x + w <= 24, `${file}: ${title} is beyond the edge`)
        for (let column = x; column < x + w; column++) {
          for (let line = y; line < y + h; line++) {
            assert.ok(!taken.has(`${column},${line}`), `${file}: ${title} lies on another`)
            taken.add(`${column},${line}`)
          }
        }
      }
    }
  })

  it('have addresses of their own, link to each other, and to what to do about alerts that there are', () => {
    assert.equal(new Set(dashboards.map(({ page }) => page.uid)).size, dashboards.length)
    for (const { file, page } of dashboards) {
      assert.ok(page.tags?.includes('hypershard'), file)
      assert.ok(
        page.links?.some(({ type, tags }) => type === 'dashboards' && tags.includes('hypershard')),
        file,
      )
    }
    const runbooks = new Set(readRules().alerts.map(({ annotations }) => annotations.runbook_url))
    const links = panels.flatMap(({ at, panel }) => (panel.links ?? []).map(({ url }) => ({ at, url: url! })))
    assert.ok(links.length > 30)
    report(
      links.filter(({ url }) => !runbooks.has(url)).map(({ at, url }) => `${at} links to ${url}`),
      'no alert has this section',
    )
    const linked = new Set(links.map(({ url }) => url))
    const shownNowhere = new Set(['nocoordinator', 'noshardserver', 'noencoder', 'noindexer', 'modelmissing'])
    report(
      [...runbooks].filter(url => !linked.has(url!) && !shownNowhere.has(url!.split('#hypershard')[1]!)).map(String),
      'no panel shows what this alert is about',
    )
  })

  it('are found by Grafana where its provisioning says', () => {
    const read = (path: string) =>
      parse(readFileSync(join(repositoryRoot, 'deploy/grafana/provisioning', path), 'utf8')) as Record<
        string,
        unknown[]
      >
    assert.equal((read('datasources/prometheus.yml').datasources![0] as { type: string }).type, 'prometheus')
    assert.equal((read('dashboards/hypershard.yml').providers![0] as { type: string }).type, 'file')
  })
})
