import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, isThorough } from '@hypershard/harness'
import { startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { tinyArchitecture, writeTinyModel } from '@hypershard/harness/qnets'
import { hasPrometheus, type PrometheusServer, startPrometheus } from '@hypershard/harness/servers'
import { pages } from '../../deploy/grafana/src/dashboards.ts'
import { fillIn } from './promql.ts'
import { rulesPath } from './read-rules.ts'
import { ScriptedRun } from './scripted-run.ts'

/** The whole run lies within it. */
const window = '5m'

/** Queries that have no data after the scripted run, by panel and legend, and why. */
const withoutData: Readonly<Record<string, string>> = {
  'cluster: Certificates last: {{job}}: {{setting}}': 'the processes of the test have no certificates',
  'cluster: Requests refused for who makes them: {{transport}}: {{code}}': 'the test asks for no keys',
  'cluster: Age of the API keys: {{instance}}': 'the test asks for no keys',
  'cluster: Lines of the audit log: {{result}}': 'the test writes no audit log',
  'cluster: gRPC calls by how they ended: {{method}}: {{status}}': 'the test asks over HTTP',
  'indexing: Commits: {{kind}}, overtaken': 'there is one indexer, so that none is overtaken',
}

function whyNot(): string | undefined {
  if (!isThorough() && process.env.TEST_PROMETHEUS === undefined) return '`npm run test:prometheus` runs it'
  return hasPrometheus() ? undefined : 'there is no `prometheus` with `promtool`'
}

const jobs: readonly [process: RegExp, job: string][] = [
  [/^coordinator/, 'hypershard-coordinator'],
  [/^shard-/, 'hypershard-shard-server'],
  [/^encoder/, 'hypershard-encoder'],
  [/^indexer/, 'hypershard-indexer'],
]

describe('a Prometheus that scrapes a cluster', function () {
  const reason = whyNot()
  if (reason !== undefined) {
    it(`left out: ${reason}`)
    return
  }
  this.timeout(300_000)
  let directory: string
  let cluster: TestCluster
  let prometheus: PrometheusServer

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hypershard-models-'))
    const first = await writeTinyModel(directory, { name: 'first', qnet: tinyArchitecture, seed: 1 })
    const second = await writeTinyModel(directory, { name: 'second', qnet: tinyArchitecture, seed: 2 })
    cluster = await startTestCluster({
      modelDirectories: [first.path, second.path],
      shardServers: 3,
      environment: { HYPERSHARD_ANSWER_CACHE_BYTES_MAX: '1000000', HYPERSHARD_QUERY_FORM: 'token_states' },
    })
    const addresses = Object.fromEntries(
      jobs.map(([name, job]) => [
        job,
        cluster.cluster.processes.filter(service => name.test(service.name)).map(({ adminAddress }) => adminAddress),
      ]),
    )
    prometheus = await startPrometheus({ jobs: addresses, ruleFiles: [rulesPath], scrapeSeconds: 1 })
    await reachesAll()
    await new ScriptedRun(cluster, () => scraped(prometheus)).all()
  })

  after(async () => {
    await prometheus?.stop()
    await cluster?.stop()
    await rm(directory, { recursive: true, force: true })
  })

  /** A Prometheus that has just started knows no targets yet. */
  async function reachesAll(): Promise<void> {
    await eventually(async () => {
      const targets = await prometheus.targets()
      return targets.length === cluster.cluster.processes.length && targets.every(({ health }) => health === 'up')
    })
  }

  it('reaches every process, the one that was started again too', reachesAll)

  it('computes all rules without an error', async () => {
    await eventually(async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'))
    const bad = (await prometheus.rules()).filter(({ health }) => health !== 'ok')
    assert.deepEqual(bad, [])
  })

  it('has data for every query of every dashboard', async () => {
    const empty: string[] = []
    for (const page of pages) {
      for (const panel of page.rows.flatMap(row => row.panels)) {
        for (const [expression, legend] of panel.queries) {
          const found = await prometheus.query(fillIn(expression, window))
          if (!found.some(({ value }) => Number.isFinite(value))) empty.push(`${page.name}: ${panel.title}: ${legend}`)
        }
      }
    }
    const unexplained = empty.filter(query => withoutData[query] === undefined)
    assert.deepEqual(unexplained, [], 'have the scripted run do what they show, or say why it cannot')
    const names = pages.flatMap(page =>
      page.rows.flatMap(row =>
        row.panels.flatMap(({ title, queries }) => queries.map(([, legend]) => `${page.name}: ${title}: ${legend}`)),
      ),
    )
    assert.deepEqual(
      Object.keys(withoutData).filter(query => !names.includes(query)),
      [],
      'no query is called so',
    )
  })
})

/** Settles when every target that is up was scraped once more. */
async function scraped(prometheus: PrometheusServer): Promise<void> {
  const now = async () => {
    const found = await prometheus.query('timestamp(up == 1)')
    return new Map(found.map(({ labels, value }) => [labels.instance, value]))
  }
  const before = await now()
  assert.ok(before.size > 0, 'Prometheus scrapes nothing')
  await eventually(async () => [...(await now())].every(([instance, at]) => at > (before.get(instance) ?? 0)))
}
