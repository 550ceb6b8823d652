import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { Deadline, HypershardError, waitWithin } from '@hypershard/common'
import type { Random } from '@hypershard/harness'
import type { SearchShardsRequest } from '@hypershard/proto/shard'
import type { HealthQuestion, ServerHealth, ShardServerPort } from '../../ports.ts'
import type { SimulatedServer } from './simulated-server.ts'

/** One search call of a coordinator, as the network sees it. */
export interface SeenCall {
  readonly from: string
  readonly to: string
  readonly query: string
  readonly shards: readonly number[]
  readonly atMs: number
  /** The same query was being asked for some of these shards of a server that does answer. */
  readonly isHedge: boolean
  /** Undefined while the coordinator waits for it. */
  endedMs: number | undefined
}

/** What a message between two hosts meets. */
export interface Weather {
  readonly delayMs: number
  /** A lost packet is sent again after a while; the message is late. */
  readonly loss: number
}

const resendMs = 200

/** Why a call is given up; an error made for each would cost its stack. */
const nobodyWaits = 'nobody waits for it any more'

/** The way from one host to another. */
const wayOf = (from: string, to: string) => `${from} > ${to}`

/** The hosts of coordinators and shard servers and what lies between them. */
export class SimulatedNetwork {
  readonly #random: Random
  readonly #nowMs: () => number
  weather: Weather = { delayMs: 1, loss: 0 }
  /** By address: the process that listens there; undefined when nothing does. */
  readonly processes = new Map<string, SimulatedServer>()
  /** Ways on which nothing gets through. */
  readonly #blocked = new Set<string>()
  /** Resolves when some way is free again. */
  #freed = Promise.withResolvers<void>()
  readonly calls: SeenCall[] = []
  /** Those that have not ended. */
  readonly open = new Set<SeenCall>()

  constructor(random: Random, nowMs: () => number) {
    this.#random = random
    this.#nowMs = nowMs
  }

  block(from: string, to: string): void {
    this.#blocked.add(wayOf(from, to))
  }

  unblock(from: string, to: string): void {
    this.#blocked.delete(wayOf(from, to))
    this.#freed.resolve()
    this.#freed = Promise.withResolvers()
  }

  /** The shard server at an address, as one coordinator reaches it. */
  connect(from: string, address: string): ShardServerPort {
    return new SimulatedConnection(this, from, address)
  }

  /** Takes a message from one host to another: late, or once the way is free. */
  async travel(from: string, to: string): Promise<void> {
    const { delayMs, loss } = this.weather
    await wait(delayMs * (0.5 + this.#random.next()) + (this.#random.chance(loss) ? resendMs : 0))
    while (this.#blocked.has(wayOf(from, to))) await this.#freed.promise
  }

  noteCall(from: string, to: string, { qnet, shards }: SearchShardsRequest): SeenCall {
    const query = qnet!.digest
    const isHedge = [...this.open].some(
      other =>
        other.from === from &&
        other.query === query &&
        other.shards.some(shard => shards.includes(shard)) &&
        this.#answers(from, other.to),
    )
    const call = { from, to, query, shards: [...shards], atMs: this.#nowMs(), isHedge, endedMs: undefined }
    this.calls.push(call)
    this.open.add(call)
    return call
  }

  #answers(from: string, to: string): boolean {
    const process = this.processes.get(to)
    const isCut = this.#blocked.has(wayOf(from, to)) || this.#blocked.has(wayOf(to, from))
    return process !== undefined && process.mood.frozenUntil === undefined && !isCut
  }

  noteEnd(call: SeenCall): void {
    call.endedMs = this.#nowMs()
    this.open.delete(call)
  }
}

class SimulatedConnection implements ShardServerPort {
  readonly address: string
  readonly #network: SimulatedNetwork
  readonly #from: string

  constructor(network: SimulatedNetwork, from: string, address: string) {
    this.#network = network
    this.#from = from
    this.address = address
  }

  checkHealth(question: HealthQuestion, deadline: Deadline): Promise<ServerHealth> {
    return this.#call('a health check', deadline, server => server.describe(question))
  }

  drain({ undo }: { undo: boolean }, deadline: Deadline): Promise<void> {
    return this.#call('draining', deadline, async server => {
      server.draining = !undo
    })
  }

  prepare: ShardServerPort['prepare'] = (request, deadline) =>
    this.#call('loading shards', deadline, (server, inTime) => server.prepare(request, inTime))

  search: ShardServerPort['search'] = async (request, { deadline }) => {
    const call = this.#network.noteCall(this.#from, this.address, request)
    try {
      return await this.#call('a search', deadline, (server, inTime) => server.search(request, inTime))
    } finally {
      this.#network.noteEnd(call)
    }
  }

  /** No simulated index keeps words. */
  countWords: ShardServerPort['countWords'] = (_, { deadline }) =>
    this.#call('counting words', deadline, () => assert.fail('words are asked for'))
  /** Histories of searches count and list nothing. */
  count: ShardServerPort['count'] = () => Promise.reject(refused(this.address))
  list: ShardServerPort['list'] = () => Promise.reject(refused(this.address))

  fetch: ShardServerPort['fetch'] = (request, { deadline }) =>
    this.#call('fetching documents', deadline, (server, inTime) => server.fetch(request, inTime))

  /** No search of a simulation is like a document. */
  find: ShardServerPort['find'] = (_, { deadline }) => this.#call('finding a document', deadline, async () => undefined)

  release: ShardServerPort['release'] = ({ shards }, deadline) =>
    this.#call('letting go', deadline, async server => server.release(shards))

  close(): void {}

  /** A call ends for its caller at the deadline or when it is cancelled; the server hears of that. */
  async #call<T>(
    step: string,
    deadline: Deadline,
    work: (server: SimulatedServer, deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    const over = new AbortController()
    const exchange = this.#exchange(Deadline.after(deadline.remainingMs, { signal: over.signal }), work)
    exchange.catch(() => undefined)
    try {
      return await waitWithin(exchange, deadline, step)
    } finally {
      over.abort(nobodyWaits)
    }
  }

  async #exchange<T>(
    deadline: Deadline,
    work: (server: SimulatedServer, deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    await this.#network.travel(this.#from, this.address)
    const process = this.#network.processes.get(this.address)
    const answer = process?.run(() => work(process, deadline)) ?? Promise.reject(refused(this.address))
    const outcome = await answer.then(
      value => () => value,
      error => () => {
        throw error
      },
    )
    await this.#network.travel(this.address, this.#from)
    return outcome()
  }
}

function refused(address: string): HypershardError {
  return new HypershardError('unavailable', `shard server ${address}: connection refused`)
}
