import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { casesOf, Random } from '@hypershard/harness'
import { type FaultCluster, startFaultCluster } from './fault-cluster.ts'
import { History } from './history.ts'
import { SearchingClient } from './searching-client.ts'
import { SparedIndex } from './spared-index.ts'

/** `npm run test:faults` plays 100 rounds; FAULT_SEED replays one. */
const rounds = Number(process.env.FAULT_ROUNDS ?? casesOf({ usual: 4, thorough: 12 }))
const seed = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 1_000_000))

const clients = 3
const idsOfClient = 25
const requestMsMax = 20_000

/** How long a write may be tried while its cluster is struck again and again. */
const persistMsMax = 300_000

describe(`a cluster that is struck at random moments (FAULT_SEED=${seed} FAULT_ROUNDS=${rounds})`, function () {
  this.timeout(600_000 + rounds * 30_000)
  const random = new Random(seed)
  const history = new History()
  const strikes: string[] = []
  let cluster: FaultCluster
  let index: string
  let searching: SearchingClient
  let spared: SparedIndex

  before(async () => {
    cluster = await startFaultCluster()
    index = `${cluster.url}/v1/indexes/papers`
    await persist('POST', `${cluster.url}/v1/indexes`, { name: 'papers', shards: 3, model: 'first' })
    const search = (body: unknown) => ask('POST', `${index}/search`, body)
    searching = new SearchingClient({ ask: search, history, random: new Random(seed + 1) })
    spared = await SparedIndex.create(cluster.url, persist)
  })

  after(async () => {
    await Promise.all([searching?.stop(), spared?.stop()]).finally(() => cluster?.stop())
    if (process.env.FAULT_ROUNDS !== undefined) {
      const redis = cluster.withRedis ? 'with' : 'without'
      console.log(`      ${history.acknowledged} acknowledged writes, ${strikes.length} strikes, ${redis} redis`)
      console.log(`      ${JSON.stringify(countKinds(strikes))}`)
      console.log(`      searches: ${JSON.stringify(searching?.tally)}, of two copies ${JSON.stringify(spared?.tally)}`)
    }
  })

  interface Answer {
    readonly status: number
    // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes.
    readonly json: any
  }

  /** One request; undefined when there is no answer. */
  async function ask(method: string, url: string, body?: unknown, headers = {}): Promise<Answer | undefined> {
    const type = typeof body === 'string' ? 'application/x-ndjson' : 'application/json'
    const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    try {
      const signal = AbortSignal.timeout(requestMsMax)
      const init = { method, headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers }, signal }
      const response = await fetch(url, { ...init, ...content })
      const text = await response.text()
      return { status: response.status, json: text === '' ? undefined : JSON.parse(text) }
    } catch {
      return undefined
    }
  }

  /** Asks until there is an answer that is no passing failure. */
  async function persist(method: string, url: string, body?: unknown, headers = {}): Promise<Answer> {
    const endMs = Date.now() + persistMsMax
    for (;;) {
      const answer = await ask(method, url, body, headers)
      const passing = answer === undefined || answer.json?.retryable === true
      if (!passing) return answer
      assert.ok(
        Date.now() < endMs,
        `${method} ${url}: ${JSON.stringify(answer)}; after ${strikes.slice(-5).join(', ')}`,
      )
      await wait(50)
    }
  }

  async function strike(): Promise<void> {
    await wait(random.below(800))
    const next = cluster.nextStrike(random)
    strikes.push(next.name)
    await spared.survives(next)
  }

  /** A client that writes to ids of its own, each write tried with its key until it is acknowledged. */
  async function write(client: number, round: number): Promise<void> {
    const own = new Random(seed * 1_000 + round * 10 + client)
    const writes = 1 + own.below(4)
    for (let at = 0; at < writes; at++) {
      const changes = Array.from({ length: 1 + own.below(6) }, () => {
        const id = `c${client}-${own.below(idsOfClient)}`
        return { id, text: own.chance(0.2) ? null : `${id} in ${round}.${at} ba ce di fo ${own.below(1_000)}` }
      })
      const lines = changes.map(({ id, text }) => JSON.stringify(text === null ? { id, _op: 'delete' } : { id, text }))
      const key = { 'idempotency-key': `${client}-${round}-${at}` }
      const begun = history.begin(changes)
      const { status, json } = await persist('PUT', `${index}/documents`, `${lines.join('\n')}\n`, key)
      assert.deepEqual([status, json.failed], [200, 0], JSON.stringify(json))
      history.note(json.sequence, begun)
    }
  }

  async function untilCaughtUp(generation: number): Promise<void> {
    const endMs = Date.now() + persistMsMax
    for (;;) {
      const { json } = await persist('GET', `${index}/generations/${generation}`)
      if (json.progress.caught_up) return
      assert.ok(Date.now() < endMs, `generation ${generation} does not catch up: ${JSON.stringify(json.progress)}`)
      await wait(100)
    }
  }

  /** Every acknowledged write is there, once, and nothing else. */
  async function checkHistory(): Promise<void> {
    const { json: described } = await persist('GET', index)
    await untilCaughtUp(described.generation)
    for (const id of history.ids) {
      const { status, json } = await persist('GET', `${index}/documents/${id}`)
      history.check(id, status === 404 ? undefined : { text: json.text, version: json.version })
    }
    const { json: verified } = await persist('POST', `${index}/verify`, {})
    assert.deepEqual(verified.problems, [])
    assert.deepEqual([verified.documents, verified.documents_counted], Array(2).fill(history.alive.length))
    // What the index calls its sequence is what searches see by now, which may be older than what indexers have done.
    const search = { query: 'ba ce', k: 1_000, ids_only: true, min_sequence: history.sequence, timeout_ms: 15_000 }
    const { status, json } = await persist('POST', `${index}/search`, search)
    assert.equal(status, 200, JSON.stringify(json))
    assert.deepEqual(json.hits.map(({ id }: { id: string }) => id).sort(), history.alive.sort())
  }

  it('keeps every acknowledged write, once, in its newest version, and brings nothing back', async () => {
    const reindexAt = Math.floor(rounds / 3)
    const promoteAt = Math.floor((2 * rounds) / 3)
    let generation = 1
    for (let round = 0; round < rounds; round++) {
      if (round === reindexAt) {
        const { status, json } = await persist('POST', `${index}/reindex`, { model: 'second', shards: 2 })
        // A repetition of a request whose answer was lost finds the build under way.
        assert.ok(status === 201 || json.code === 'wrong_phase', JSON.stringify(json))
        generation = 2
      }
      const writing = Promise.all(Array.from({ length: clients }, (_, client) => write(client, round)))
      await Promise.all([writing, strike()])
      searching.check()
      if (round === promoteAt && generation === 2) {
        await untilCaughtUp(2)
        const { status, json } = await persist('POST', `${index}/generations/2/promote`, {})
        assert.equal(status, 200, JSON.stringify(json))
      }
      if (round % 10 === 9) await checkHistory()
    }
    await checkHistory()
    await searching.stop()
    assert.ok(searching.tally.whole > 0, 'a test without an answer that is whole would be blind')
    const { json } = await persist('GET', `${cluster.url}/v1/aliases`)
    if (generation === 2)
      assert.deepEqual(json.aliases, [{ alias: 'papers', index: 'papers', generation: 2, problem: null }])
    assert.equal((await persist('GET', index)).json.generation, generation)
  })
})

/** How often each kind of strike came, whomever it struck. */
function countKinds(strikes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const strike of strikes) {
    const kind = strike.replace(/-?\d+/g, '').replace(/ for .*| ms .*|, undone.*/, '')
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}
