import assert from 'node:assert/strict'
import { clusterSchema } from '@hypershard/contract'
import { eventually } from '@hypershard/harness'
import { madeUpDocuments, madeUpText } from '@hypershard/harness/cluster'
import { countOf, knownIndexOf, SteadySearches } from './steady-searches.ts'
import type { Strike } from './strikes.ts'

const name = 'twice'
const copies = 2
const shards = 2
const documents = madeUpDocuments(60)
const queries = [0, 1, 2, 3].map(at => madeUpText(1_000 + at, 4))
const texts = new Map(documents.map(({ id, text }) => [id, text]))

/** Slow enough to leave the machine to the rest, and patient: what is asked is whether a search fails, not how fast it is. */
const rate = { periodMs: 200, timeoutMs: 20_000, minCoverage: 1 }

/** Asks until there is an answer that is no passing failure. */
type Persist = (
  method: string,
  url: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly json: unknown }>

/**
 * An index with two copies of each shard, whose documents stay as they are. It is searched all the time; what strikes one
 * process while both copies are there must not be noticed.
 */
export class SparedIndex {
  readonly #url: string
  readonly #persist: Persist
  readonly #searches: SteadySearches

  private constructor(url: string, persist: Persist, searches: SteadySearches) {
    this.#url = url
    this.#persist = persist
    this.#searches = searches
  }

  static async create(url: string, persist: Persist): Promise<SparedIndex> {
    const index = `${url}/v1/indexes/${name}`
    await persist('POST', `${url}/v1/indexes`, { name, shards, replicas: copies, model: 'first' })
    const lines = documents.map(document => JSON.stringify(document)).join('\n')
    const { status, json } = await persist('PUT', `${index}/documents?wait_for=searchable`, lines)
    assert.equal(status, 200, JSON.stringify(json))
    const known = await knownIndexOf(index, { queries, shards, textOf: id => texts.get(id)! })
    return new SparedIndex(url, persist, new SteadySearches(known, rate))
  }

  get tally(): Readonly<Record<string, number>> {
    return countOf(this.#searches.outcomes)
  }

  /** Strikes the cluster, and checks that nobody noticed if nobody must. @throws AssertionError of the first answer that is wrong */
  async survives(strike: Strike): Promise<void> {
    if (!strike.spares) return strike.run()
    await this.#untilCopied()
    try {
      await this.#searches.unharmed(() => strike.run())
    } catch (error) {
      throw Object.assign(error as Error, { message: `${strike.name}: ${(error as Error).message}` })
    }
  }

  stop(): Promise<void> {
    return this.#searches.stop()
  }

  /** Waits until there are two of everything: live servers that have each shard loaded, and encoder services. */
  async #untilCopied(): Promise<void> {
    await eventually(async () => {
      const { json } = await this.#persist('GET', `${this.#url}/v1/cluster`)
      const { encoders, servers } = clusterSchema.parse(json)
      const serving = servers.filter(server => server.live && !server.draining)
      const warm = serving.flatMap(server => server.shards.filter(shard => shard.index === name && shard.warm))
      const copiesOf = (at: number) => warm.filter(({ shard }) => shard === at).length
      const encoding = encoders.filter(encoder => encoder.live && !encoder.draining && encoder.models !== null)
      return encoding.length >= copies && Array.from({ length: shards }, (_, at) => copiesOf(at)).every(atLeast)
    })
  }
}

const atLeast = (count: number) => count >= copies
