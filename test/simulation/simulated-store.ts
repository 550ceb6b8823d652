import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { HypershardError } from '@hypershard/common'
import type { Random } from '@hypershard/harness'
import type { ObjectStore, RangeReader } from '@hypershard/storage'

/** What happens to the processes of a simulation. */
export interface Weather {
  /** Of an operation to fail, before or after it had its effect. */
  readonly failure: number
  /** Of a process to die at an operation, before or after it had its effect. */
  readonly crash: number
}

/** The operations of a process that died do nothing and fail with this. */
export class Crashed extends Error {}

interface Pending {
  readonly what: string
  readonly run: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface SimulatedProcess {
  readonly name: string
  readonly pending: Pending[]
  alive: boolean
  done: boolean
}

/**
 * An object store in memory that several simulated processes use. Their operations take effect one at a time, in an
 * order drawn by the seed, whoever asked first: nothing else decides how the processes interleave. Between any two
 * operations a process may fail or die.
 */
export class SimulatedStore {
  readonly objects = new Map<string, Uint8Array<ArrayBuffer>>()
  /** Told of each object that was stored, but for those that were staged in files. */
  onStored: (key: string, bytes: Uint8Array) => void = () => undefined
  /** Keys whose creation is no compare-and-set, as in a cluster with that bug. */
  overwrites: (key: string) => boolean = () => false
  weather: Weather = { failure: 0, crash: 0 }
  readonly #random: Random
  readonly #staging: string
  readonly #processes: SimulatedProcess[] = []
  steps = 0

  constructor(random: Random, staging: string) {
    this.#random = random
    this.#staging = staging
  }

  /** Runs work as a process: with a store of its own that dies with it. Rejects with Crashed when it died. */
  async run<T>(name: string, work: (store: ObjectStore) => Promise<T>): Promise<T> {
    const process: SimulatedProcess = { name, pending: [], alive: true, done: false }
    this.#processes.push(process)
    try {
      return await work(this.#storeOf(process))
    } finally {
      process.done = true
      if (!process.alive) await Promise.reject(new Crashed(name))
    }
  }

  /** Lets operations take effect until every process has ended. */
  async play(stepsMax: number): Promise<void> {
    for (;;) {
      const running = await this.#parked()
      if (running.length === 0) return
      assert(++this.steps < stepsMax, `no end after ${stepsMax} steps: ${running.map(({ name }) => name).join()}`)
      this.#step(this.#random.pick(running))
    }
  }

  /** The processes that have not ended, once each of them waits for an operation. */
  async #parked(): Promise<SimulatedProcess[]> {
    for (;;) {
      const running = this.#processes.filter(({ done }) => !done)
      if (running.every(({ pending }) => pending.length > 0)) return running
      await setImmediate()
    }
  }

  #step(process: SimulatedProcess): void {
    const operation = process.pending.shift()!
    if (!process.alive) {
      operation.reject(new Crashed(process.name))
      return
    }
    const { failure, crash } = this.weather
    const dies = this.#random.chance(crash)
    const fails = !dies && this.#random.chance(failure)
    const first = this.#random.chance(0.5)
    let outcome: { value: unknown } | { error: unknown } | undefined
    if (first || !(dies || fails)) outcome = attempt(operation.run)
    if (dies) {
      process.alive = false
      operation.reject(new Crashed(process.name))
    } else if (fails) operation.reject(new HypershardError('storage_failed', `${operation.what}: told to fail`))
    else if (outcome !== undefined && 'value' in outcome) operation.resolve(outcome.value)
    else operation.reject(outcome!.error)
  }

  #storeOf(process: SimulatedProcess): ObjectStore {
    const ask = <T>(what: string, run: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        process.pending.push({ what, run, resolve: resolve as (value: unknown) => void, reject })
      })
    const { objects } = this
    const underFolder = (folder: string) => [...objects.keys()].filter(key => key.startsWith(folder)).sort()
    return {
      put: (key, bytes) => ask(`put ${key}`, () => this.#put(key, bytes)),
      putIfAbsent: (key, bytes) => ask(`create ${key}`, () => this.#create(key, bytes)),
      putFile: async (key, localPath) => {
        const bytes = Uint8Array.from(await readFile(localPath))
        await ask(`put ${key}`, () => void objects.set(key, bytes))
        await rm(localPath, { force: true })
      },
      get: key => ask(`get ${key}`, () => copyOf(objects.get(key))),
      openRange: key => ask(`open ${key}`, () => rangeOf(objects.get(key))),
      list: folder => ask(`list ${folder}`, () => underFolder(folder)),
      listFolders: folder =>
        ask(`list ${folder}`, () => {
          const rests = underFolder(folder).map(key => key.slice(folder.length).split('/'))
          return [...new Set(rests.filter(parts => parts.length > 1).map(([name]) => name!))].sort()
        }),
      delete: key => ask(`delete ${key}`, () => void objects.delete(key)),
      deletePrefix: folder =>
        ask(`delete ${folder}`, () => underFolder(folder).forEach(key => void objects.delete(key))),
      space: async () => undefined,
      stagingDirectory: async () => this.#staging,
    }
  }

  #create(key: string, bytes: Uint8Array): void {
    if (this.objects.has(key) && !this.overwrites(key)) {
      throw new HypershardError('conflict', `${key} exists already`, { details: { key } })
    }
    this.#put(key, bytes)
  }

  #put(key: string, bytes: Uint8Array): void {
    this.objects.set(key, Uint8Array.from(bytes))
    this.onStored(key, bytes)
  }
}

function attempt(run: () => unknown): { value: unknown } | { error: unknown } {
  try {
    return { value: run() }
  } catch (error) {
    return { error }
  }
}

function copyOf(bytes: Uint8Array | undefined): Uint8Array<ArrayBuffer> | undefined {
  return bytes === undefined ? undefined : Uint8Array.from(bytes)
}

/** An object that is open stays readable when it is deleted, as a file does. */
function rangeOf(bytes: Uint8Array<ArrayBuffer> | undefined): RangeReader | undefined {
  if (bytes === undefined) return undefined
  return {
    bytes: bytes.length,
    read: async (offset, length) => bytes.slice(offset, offset + length),
    close: async () => undefined,
  }
}
