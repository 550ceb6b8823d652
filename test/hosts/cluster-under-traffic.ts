import assert from 'node:assert/strict'
import { madeUpDocuments, madeUpText } from '@hypershard/harness/cluster'
import type { Host } from '@hypershard/harness/hosts'
import { type KnownIndex, knownIndexOf, SteadySearches } from '../faults/steady-searches.ts'
import { type HostCluster, type HostClusterOptions, startHostCluster } from './host-cluster.ts'
import { Writing } from './writing.ts'

const documents = madeUpDocuments(200)
const texts = new Map(documents.map(({ id, text }) => [id, text]))
const queries = Array.from({ length: 12 }, (_, at) => madeUpText(1_000 + at, 4))
const shards = 4

/** Five searches a second: the machine carries a dozen hosts. Patient, since it may be busy with other things too. */
const rate = { periodMs: 200, timeoutMs: 15_000, minCoverage: 1 }

/**
 * For all tests of a suite, a cluster on hosts of its own with an index `papers`, with two copies of each shard, which is
 * searched at a steady rate; and for each test one with one copy, which is written and searched. After each test everything is healed,
 * must be whole again, and have every acknowledged write.
 */
export class ClusterUnderTraffic {
  #cluster: HostCluster | undefined
  #papers: KnownIndex | undefined
  #traffic: SteadySearches | undefined
  #writing: Writing | undefined
  #tests = 0

  constructor(options: HostClusterOptions) {
    before(() => this.#start(options))
    beforeEach(async () => {
      this.#traffic = new SteadySearches(this.#papers!, rate)
      const notes = `notes-${++this.#tests}`
      await this.#ask('POST', '', { name: notes, shards: 3 })
      this.#writing = new Writing(`${this.cluster.url}/v1/indexes/${notes}`)
      await Promise.all([this.#traffic.untilWhole(), this.#writing.more(1)])
    })
    afterEach(async () => {
      await this.#cluster?.network.heal()
      await this.#traffic?.untilWhole()
      await Promise.all([this.#traffic?.stop(), this.#writing?.stop()])
    })
    after(() => this.#cluster?.stop())
  }

  get cluster(): HostCluster {
    return this.#cluster!
  }

  /** Searches of `papers`. */
  get traffic(): SteadySearches {
    return this.#traffic!
  }

  /** Writes to an index with one copy of each shard, and searches of it. */
  get writing(): Writing {
    return this.#writing!
  }

  /** Every host but these. */
  others(...hosts: readonly Host[]): readonly Host[] {
    return this.cluster.network.hosts.filter(host => !hosts.includes(host))
  }

  async #start(options: HostClusterOptions): Promise<void> {
    this.#cluster = await startHostCluster(options)
    await this.#ask('POST', '', { name: 'papers', shards, replicas: 2 })
    const lines = documents.map(document => JSON.stringify(document)).join('\n')
    await this.#ask('PUT', '/papers/documents?wait_for=searchable', lines)
    const textOf = (id: string) => texts.get(id)!
    this.#papers = await knownIndexOf(`${this.cluster.url}/v1/indexes/papers`, { queries, shards, textOf })
  }

  async #ask(method: string, path: string, body: string | object): Promise<void> {
    const lines = typeof body === 'string'
    const headers = { 'content-type': lines ? 'application/x-ndjson' : 'application/json' }
    const init = { method, headers, body: lines ? body : JSON.stringify(body) }
    const response = await fetch(`${this.cluster.url}/v1/indexes${path}`, init)
    assert.ok(response.ok, await response.text())
  }
}
