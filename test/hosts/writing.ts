import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { eventually, Random } from '@hypershard/harness'
import { History } from '../faults/history.ts'
import { SearchingClient } from '../faults/searching-client.ts'

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes.
  readonly json: any
}

const requestMsMax = 20_000
const pauseMs = 150
const idsMax = 40

/** Ends only what never comes about. */
const wholeMsMax = 90_000

/** Writes to an index all the time, one write after the other, and searches it; checks what becomes of it. */
export class Writing {
  readonly history = new History()
  readonly #index: string
  readonly #random = new Random(1)
  readonly #searching: SearchingClient
  #stopped = false
  readonly #running: Promise<void>
  #broken: unknown

  constructor(index: string) {
    this.#index = index
    const ask = (body: unknown) => request('POST', `${index}/search`, JSON.stringify(body))
    this.#searching = new SearchingClient({ ask, history: this.history, random: new Random(2) })
    this.#running = this.#run().catch(error => {
      this.#broken = error
    })
  }

  /** Waits until so many more writes are acknowledged. */
  async more(count: number): Promise<void> {
    const until = this.history.acknowledged + count
    await eventually(() => {
      if (this.#broken !== undefined) throw this.#broken
      this.#searching.check()
      return this.history.acknowledged >= until
    })
  }

  /** Waits until a search sees everything that is acknowledged by now, with nothing left out. */
  async untilWhole(): Promise<Answer> {
    const { sequence } = this.history
    const body = { query: 'ba ce', k: 1_000, ids_only: true, min_sequence: sequence, timeout_ms: 5_000 }
    const endMs = Date.now() + wholeMsMax
    for (;;) {
      const found = await request('POST', `${this.#index}/search`, JSON.stringify(body))
      if (found?.status === 200) return found
      assert.ok(Date.now() < endMs, `not whole again: ${JSON.stringify(found?.json)}`)
      await wait(pauseMs)
    }
  }

  /** Stops, and checks that every acknowledged write is there, once all hosts are well. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    await this.#searching.stop()
    if (this.#broken !== undefined) throw this.#broken
    const { json } = await this.untilWhole()
    assert.deepEqual(json.hits.map(({ id }: { id: string }) => id).sort(), this.history.alive.sort())
  }

  async #run(): Promise<void> {
    for (let at = 0; !this.#stopped; at++) {
      const id = `n${this.#random.below(idsMax)}`
      const text = this.#random.chance(0.2) ? null : `${id} in ${at} ba ce di fo`
      const begun = this.history.begin([{ id, text }])
      const line = JSON.stringify(text === null ? { id, _op: 'delete' } : { id, text })
      const { status, json } = await this.#persist(`${line}\n`, `write-${at}`)
      assert.deepEqual([status, json.failed], [200, 0], JSON.stringify(json))
      this.history.note(json.sequence, begun)
      await wait(pauseMs)
    }
  }

  /** Tries one write with its key until it is acknowledged; a failure that nobody should try again is none that passes. */
  async #persist(body: string, key: string): Promise<Answer> {
    for (;;) {
      const answer = await request('PUT', `${this.#index}/documents`, body, { 'idempotency-key': key })
      if (answer !== undefined && answer.json?.retryable !== true) return answer
      await wait(pauseMs)
    }
  }
}

/** Undefined when there is no answer. */
async function request(method: string, url: string, body: string, headers = {}): Promise<Answer | undefined> {
  const type = method === 'PUT' ? 'application/x-ndjson' : 'application/json'
  try {
    const signal = AbortSignal.timeout(requestMsMax)
    const response = await fetch(url, { method, body, headers: { 'content-type': type, ...headers }, signal })
    return { status: response.status, json: await response.json() }
  } catch {
    return undefined
  }
}
