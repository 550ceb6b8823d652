import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Random, type TestKeys, writeTestKeys } from '@hypershard/harness'
import { madeUpDocuments, startTestCluster, type TestCluster } from '@hypershard/harness/cluster'
import { drawGarbage, sendGarbage } from './garbage.ts'
import { type RecordingProxy, startRecordingProxy } from './recording-proxy.ts'
import { installSchemathesis, runSchemathesis } from './run-schemathesis.ts'

/** Set by `npm run test:fuzz`. */
const asked = process.env.TEST_FUZZ !== undefined
const seed = Number(process.env.FUZZ_SEED ?? 1)
/** Of both runs together, at the least. */
const requestsMin = Number(process.env.FUZZ_REQUESTS ?? 10_000)
/** Each draws anew, for so long. */
const roundSeconds = 60
const roundsMax = 8
const connections = 1_000
const connectionsAtATime = 16

/** What a process may take beside what it had: its caches are bounded, and a heap grows before it is swept. */
const grownBytesMax = 512 * 2 ** 20

/** Blame the server, and are told of in the OpenAPI document: it is overloaded, or a time is up. */
const documented = [503, 504]

describe('a cluster that is sent nonsense', function () {
  if (!asked) {
    it('left out: `npm run test:fuzz` runs it')
    return
  }
  this.timeout(600_000)
  let keys: TestKeys<'root'>
  let cluster: TestCluster
  let proxy: RecordingProxy
  const crashed: string[] = []

  before(async () => {
    await installSchemathesis()
    keys = await writeTestKeys<'root'>({ root: {} })
    cluster = await startTestCluster({
      environment: { HYPERSHARD_KEYS: keys.path },
      onEvent: event => {
        if (event.type === 'crashed') crashed.push(event.name)
      },
    })
    proxy = await startRecordingProxy(cluster.cluster.httpUrl, keys.headers.root)
    const fields = { number: { type: 'number' } }
    await send('POST', '/v1/indexes', 'application/json', JSON.stringify({ name: 'papers', shards: 2, fields }))
    const lines = madeUpDocuments(200).map(document => JSON.stringify(document))
    const put = '/v1/indexes/papers/documents?wait_for=searchable'
    assert.match(await send('PUT', put, 'application/x-ndjson', lines.join('\n')), /"accepted":200/)
  })

  after(async () => {
    proxy?.close()
    await cluster?.stop()
    await keys?.remove()
  })

  async function send(method: string, path: string, type: string, body: string): Promise<string> {
    const answer = await fetch(proxy.url + path, { method, headers: { 'content-type': type }, body })
    const text = await answer.text()
    assert(answer.ok, text)
    return text
  }

  function memoryBytes(): Readonly<Record<string, number>> {
    const ofProcess = ({ name, pid }: { name: string; pid: number | undefined }) => {
      const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      return [name, Number(kilobytes) * 1_024] as const
    }
    return Object.fromEntries(cluster.cluster.processes.map(ofProcess))
  }

  function assertWell(before: Readonly<Record<string, number>>): void {
    assert.deepEqual(crashed, [])
    const after = memoryBytes()
    const grown = Object.entries(after).map(
      ([name, bytes]) => [name, Math.round((bytes - before[name]!) / 2 ** 20)] as const,
    )
    console.log(`memory grew by (MiB): ${grown.map(entry => entry.join(' ')).join(', ')}`)
    for (const [name, mebibytes] of grown)
      assert(mebibytes * 2 ** 20 < grownBytesMax, `${name} grew by ${mebibytes} MiB`)
  }

  it('answers ten thousand requests that its document allows, and does not, as the document says', async () => {
    const before = memoryBytes()
    const config = join(cluster.directory, 'schemathesis.toml')
    await writeFile(config, '[parameters]\n"path.index" = "papers"\n"path.generation" = 1\n')
    const run = {
      document: `${proxy.url}/openapi.json`,
      secondsMax: roundSeconds,
      examples: 500,
      folder: cluster.directory,
    }
    const said: string[] = []
    for (let round = 0; round < roundsMax && (round < 2 || proxy.count() < requestsMin); round++) {
      // A stream of events has no end; what is asked of one index for a round is not deleted in it.
      const ofPapers = { config, without: ['watchGeneration', 'deleteIndex', 'dropGeneration'] }
      const aim = round % 2 === 0 ? ofPapers : { without: ['watchGeneration'] }
      said.push(await runSchemathesis({ ...run, seed: seed + round, ...aim }))
      console.log(`round ${round + 1}: ${proxy.count()} requests so far, ${proxy.failures.length} answered with 5xx`)
    }
    console.log(
      `${proxy.count()} requests: ${[...proxy.statuses]
        .sort()
        .map(entry => entry.join(' x '))
        .join(', ')}`,
    )
    const failures = proxy.failures.filter(({ status }) => !documented.includes(status))
    assert.deepEqual(failures.slice(0, 5), [])
    const told = said.flatMap(text => [...new Set(text.match(/^- ST\d+ .*$/gm) ?? [])])
    assert.deepEqual(
      told,
      [],
      said
        .map(text => text.replaceAll(/.{400,}/g, line => `${line.slice(0, 400)}…`))
        .join('\n')
        .slice(0, 20_000),
    )
    assert(proxy.count() >= requestsMin, `only ${proxy.count()} requests were made`)
    assertWell(before)
  })

  it('hangs up on garbage, or says what is wrong with it, on every port', async () => {
    const before = memoryBytes()
    const random = new Random(seed)
    const ports = [...cluster.cluster.processes.map(({ address }) => address), cluster.cluster.grpcAddress].filter(
      address => address !== '',
    )
    const sent = Array.from({ length: connections }, () => ({ port: random.pick(ports), garbage: drawGarbage(random) }))
    for (let from = 0; from < sent.length; from += connectionsAtATime) {
      const some = sent.slice(from, from + connectionsAtATime)
      const answers = await Promise.all(some.map(({ port, garbage }) => sendGarbage(port, garbage)))
      for (const [at, answer] of answers.entries()) {
        assert.doesNotMatch(answer, /^HTTP\/1\.1 5\d\d|root:x:|at .*\.ts:\d+/m, some[at]!.garbage.what)
      }
    }
    const found = await send('POST', '/v1/indexes/papers/search', 'application/json', '{"query":"bace dofo"}').catch(
      String,
    )
    assert.match(found, /"hits"|index_not_found/)
    assertWell(before)
  })
})
