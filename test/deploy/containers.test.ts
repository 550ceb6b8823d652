import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterDescription } from '@hypershard/contract'
import { eventually } from '@hypershard/harness'
import { madeUpDocuments, madeUpText } from '@hypershard/harness/cluster'
import { type KnownIndex, knownIndexOf, SteadySearches } from '../faults/steady-searches.ts'
import { repositoryRoot } from '../tidy/source-files.ts'
import { ContainerCluster, doors, processes, surroundings } from './container-cluster.ts'

/** Set by deploy/test.sh, which builds the images and makes the secrets. */
const { DEPLOY_SECRETS: secrets, HYPERSHARD_IMAGE: image = '', DEPLOY_NEXT_IMAGE: nextImage = '' } = process.env

/** A strike waits for containers to be ready again, on a machine that is busy. */
const strikeMsMax = 300_000

const shards = 4
const documents = madeUpDocuments(60)
const texts = new Map(documents.map(({ id, text }) => [id, text]))
const queries = Array.from({ length: 6 }, (_, at) => madeUpText(1_000 + at, 4))

/** Patient: eleven containers share the machine with whatever else runs there. */
const rate = { periodMs: 500, timeoutMs: 20_000, minCoverage: 1 }

/** Searches that must come and go while somebody is struck. */
const searchesUnderStrike = 6

function isWhole({ servers, encoders }: ClusterDescription): boolean {
  const serving = servers.filter(({ live, placed_since }) => live && placed_since !== null)
  const holders = (shard: number) =>
    serving.filter(server => server.shards.some(its => its.index === 'papers' && its.shard === shard && its.warm))
  const covered = Array.from({ length: shards }, (_, shard) => holders(shard).length >= 2)
  return serving.length === 3 && encoders.filter(({ live }) => live).length === 2 && covered.every(Boolean)
}

if (secrets === undefined) {
  describe('hypershard in containers', () => it('left out: `npm run test:deploy` runs it'))
} else {
  describe('hypershard in containers', function () {
    this.timeout(strikeMsMax)
    const key = readFileSync(join(secrets, 'first.key'), 'utf8').trim()
    const headers = { authorization: `Bearer ${key}` }
    const cluster = new ContainerCluster('hypershard-test')
    const restored = new ContainerCluster('hypershard-restored')
    let papers: KnownIndex
    let traffic: readonly SteadySearches[] = []

    async function ask(method: string, url: string, body?: string | object): Promise<unknown> {
      const type = typeof body === 'string' ? 'application/x-ndjson' : 'application/json'
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const init = body === undefined ? { headers } : { headers: { ...headers, 'content-type': type }, body: text }
      const response = await fetch(url, { method, ...init })
      const answer = await response.text()
      assert.ok(response.ok, `${method} ${url}: ${response.status} ${answer}`)
      return JSON.parse(answer)
    }

    /** An index of every document, whose answers are known. */
    const knownAt = (door: string) =>
      knownIndexOf({ url: `${door}/v1/indexes/papers`, headers }, { queries, shards, textOf: id => texts.get(id)! })

    /** Waits until both coordinators see every server, and two of them with each shard: so struck, none is missed. */
    async function settled(): Promise<void> {
      for (const door of doors) {
        await eventually(async () => {
          const seen = await ask('GET', `${door}/v1/cluster`).catch(() => undefined)
          return seen !== undefined && isWhole(seen as ClusterDescription)
        })
      }
    }

    /** No search fails while the work is done; clients of one coordinator turn to the other while it cannot be reached. */
    async function unnoticed(work: () => Promise<void>, watched = traffic): Promise<void> {
      await settled()
      const [first, ...others] = watched
      const all = async () => {
        await work()
        await Promise.all(watched.map(searches => searches.more(searchesUnderStrike)))
      }
      await first!.unharmed(() => others.reduce((inner, next) => () => next.unharmed(inner), all)())
    }

    /** Those whose coordinator is not struck: a frozen one answers nobody, and no client can know why. */
    function otherThan(service: string): readonly SteadySearches[] {
      return traffic.filter((_, at) => service !== `coordinator-${at + 1}`)
    }

    before(async () => {
      for (const project of [cluster, restored]) await project.down({ volumes: true })
      await cluster.up()
    })
    after(async () => {
      await Promise.all(traffic.map(searches => searches.stop()))
      for (const project of [cluster, restored]) await project.down({ volumes: true })
    })

    it('lets in nobody without a key, and speaks nothing but TLS', async () => {
      for (const door of doors) {
        assert.equal((await fetch(`${door}/healthz`)).status, 200)
        assert.equal((await fetch(`${door}/v1/indexes`)).status, 401)
        await assert.rejects(fetch(`${door.replace('https', 'http')}/healthz`))
      }
    })

    it('serves the console, to be asked for a key there', async () => {
      for (const door of doors) {
        const answer = await fetch(`${door}/console/`)
        assert.deepEqual([answer.status, /<title>hypershard console</.test(await answer.text())], [200, true])
      }
    })

    it('runs as nobody in particular, on a file system that cannot be written to', async () => {
      for (const service of processes) {
        const facts = await cluster.describe(
          service,
          '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}',
        )
        assert.equal(facts, '10001:10001 true [ALL]', service)
      }
    })

    it('indexes the sample, and finds it through both coordinators', async () => {
      await ask('POST', `${doors[0]}/v1/indexes`, { name: 'sample', replicas: 2 })
      const corpus = readFileSync(join(repositoryRoot, 'sample/corpus.jsonl'), 'utf8')
      await ask('PUT', `${doors[0]}/v1/indexes/sample/documents?wait_for=searchable`, corpus)
      const found = await Promise.all(
        doors.map(door => ask('POST', `${door}/v1/indexes/sample/search`, { query: 'how do vaccines work', k: 5 })),
      )
      const [first, second] = found.map(answer => (answer as { hits: { id: string; score: number }[] }).hits)
      assert.equal(first?.length, 5)
      assert.deepEqual(second, first)
    })

    it('has the command, which finds the cluster by HTTPS and a key', async () => {
      assert.match(await cluster.hypershard(key, 'index', 'list'), /^sample /m)
      await assert.rejects(cluster.hypershard('hs_000000000000_0', 'index', 'list'))
    })

    it('is watched by Prometheus, every process of it', async () => {
      const query = encodeURIComponent('sum(up{job=~"hypershard-.*"})')
      await eventually(async () => {
        const response = await fetch(`http://127.0.0.1:9090/api/v1/query?query=${query}`)
        const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } }
        return data.result[0]?.value[1] === `${processes.length}`
      })
    })

    it('answers searches of an index with two copies of each shard', async () => {
      await ask('POST', `${doors[0]}/v1/indexes`, { name: 'papers', shards, replicas: 2 })
      const lines = documents.map(document => JSON.stringify(document)).join('\n')
      await ask('PUT', `${doors[0]}/v1/indexes/papers/documents?wait_for=searchable`, lines)
      papers = await knownAt(doors[0]!)
      traffic = doors.map((door, at) => {
        const otherUrls = [`${doors[1 - at]}/v1/indexes/papers`]
        return new SteadySearches({ ...papers, url: `${door}/v1/indexes/papers`, otherUrls }, rate)
      })
      await Promise.all(traffic.map(searches => searches.untilWhole()))
    })

    for (const service of [...processes, ...surroundings]) {
      it(`is not noticed by any search when ${service} is killed and comes back`, () =>
        unnoticed(async () => {
          await cluster.kill(service)
          await Promise.all(traffic.map(searches => searches.more(searchesUnderStrike)))
          await cluster.start(service)
        }))

      it(`is not noticed by any search when ${service} is frozen and goes on`, () =>
        unnoticed(async () => {
          await cluster.pause(service)
          await Promise.all(otherThan(service).map(searches => searches.more(searchesUnderStrike)))
          await cluster.unpause(service)
        }, otherThan(service)))
    }

    for (const service of processes) {
      it(`takes ${service} to another image without a failed search`, async () => {
        await unnoticed(() => cluster.roll(service, nextImage))
        assert.equal(await cluster.describe(service, '{{.Config.Image}}'), nextImage)
      })
    }

    it('restores a snapshot in a cluster that was not there before', async () => {
      await ask('POST', `${doors[0]}/v1/indexes/papers/snapshots`, { name: 'nightly' })
      const late = JSON.stringify({ id: 'late', title: '', text: queries[0] })
      await ask('PUT', `${doors[0]}/v1/indexes/papers/documents?wait_for=searchable`, late)
      await Promise.all(traffic.map(searches => searches.stop()))
      traffic = []
      await cluster.down({ volumes: false })
      // What an operator has of a backup: a copy of the bucket.
      const volumes = ['hypershard-test_documents:/from:ro', 'hypershard-restored_documents:/to']
      const mounts = volumes.flatMap(volume => ['--volume', volume])
      await cluster.docker(
        'run',
        '--rm',
        '--user',
        '0',
        ...mounts,
        '--entrypoint',
        'cp',
        image,
        '-a',
        '/from/.',
        '/to/',
      )
      await restored.up()
      await ask('POST', `${doors[0]}/v1/indexes/papers/snapshots/nightly/restore`, {})
      const found = await knownAt(doors[1]!)
      for (const [query, { ranked }] of papers.versions) assert.deepEqual(found.versions.get(query)?.ranked, ranked)
    })
  })
}
