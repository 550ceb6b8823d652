/**
 * Q-nets that shard servers of one machine make for each other. Each would make every query's, to the same bits; here the
 * first that comes to one makes it, and the others read it. A folder of this machine is all that they share:
 *
 *   <key>.qnet     the weights as `encodeWeights` has them in f32, put here whole
 *   <key>.claim    somebody is making them
 *
 * A claim is a hint: who has waited for long enough makes the q-net as well. Whoever writes here is trusted with the answers.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Clock, systemClock, systemErrorCode } from '@hypershard/common'

/** Bits are the same where these are. */
export interface MakerIdentity {
  /** See `kernelIdentity`. */
  readonly kernel: string
  /** Of this program. */
  readonly version: string
}

interface Left {
  readonly key: string
  readonly bytes: number
  readonly atMs: number
}

/** The others ask for the same q-net at the same time, so that what is older is of no use; nor should it reach a disk. */
const keptMsMax = 1_000
const bytesMaxDefault = 128 * 1024 ** 2
/** What is older is a killed server's, and looked for as often. */
const leftoverMs = 60_000
const ownSuffixes = /\.(qnet|claim|part)$/

export interface ExchangeOptions {
  readonly clock?: Clock
  /** What one server leaves there at most. */
  readonly bytesMax?: number
}

/** Its calls are short and wait for the disk, if at all: for a thread that may be kept waiting. */
export class QNetExchange {
  readonly #folder: string
  readonly #identity: string
  readonly #clock: Clock
  readonly #bytesMax: number
  /** What this server has put there, oldest first. */
  #left: Left[] = []
  #sweptMs = 0

  constructor(
    folder: string,
    { kernel, version }: MakerIdentity,
    { clock = systemClock, bytesMax = bytesMaxDefault }: ExchangeOptions = {},
  ) {
    this.#folder = folder
    this.#bytesMax = bytesMax
    this.#identity = `${kernel}\n${version}\n`
    this.#clock = clock
    this.#sweep()
  }

  /** @param digest of the token states, of which their model is part */
  keyOf(digest: string): string {
    return createHash('sha256').update(this.#identity).update(digest).digest('hex')
  }

  /**
   * Reads what another server has made.
   * @param into as long as the weights are
   * @returns whether it was there
   */
  read(key: string, into: Uint8Array): boolean {
    const path = this.#pathOf(key, 'qnet')
    // Asked first, since a failure is an error with its stack and most are looked for once before they are there.
    const file = existsSync(path) ? openIf(path, 'r') : undefined
    if (file === undefined) return false
    try {
      return fstatSync(file).size === into.byteLength && readSync(file, into) === into.byteLength
    } finally {
      closeSync(file)
    }
  }

  /** @returns false where another server makes it already */
  claim(key: string): boolean {
    const file = openIf(this.#pathOf(key, 'claim'), 'wx')
    if (file === undefined) return false
    closeSync(file)
    return true
  }

  /** Lets the others read it. */
  leave(key: string, weights: Uint8Array): void {
    const part = this.#pathOf(`${key}.${process.pid}`, 'part')
    const file = openSync(part, 'w', 0o600)
    try {
      writeFileSync(file, weights)
    } finally {
      closeSync(file)
    }
    renameSync(part, this.#pathOf(key, 'qnet'))
    this.#left.push({ key, bytes: weights.byteLength, atMs: this.#clock.monotonicMs() })
    this.tidy()
  }

  /** It will not be made here: the next who comes to it may. */
  release(key: string): void {
    this.#remove(key, 'claim')
  }

  /** Removes what is too old, or too much, and now and then what killed servers have left. @returns whether anything is left that will be */
  tidy(): boolean {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#sweptMs > leftoverMs) this.#sweep()
    const oldestMs = nowMs - keptMsMax
    let bytes = this.#left.reduce((sum, left) => sum + left.bytes, 0)
    const stays = this.#left.findIndex(left => {
      if (left.atMs > oldestMs && bytes <= this.#bytesMax) return true
      bytes -= left.bytes
      return false
    })
    this.#removeFirst(stays === -1 ? this.#left.length : stays)
    return this.#left.length > 0
  }

  close(): void {
    this.#removeFirst(this.#left.length)
  }

  #removeFirst(count: number): void {
    for (const { key } of this.#left.splice(0, count)) {
      this.#remove(key, 'qnet')
      this.#remove(key, 'claim')
    }
  }

  #remove(key: string, suffix: 'qnet' | 'claim'): void {
    try {
      unlinkSync(this.#pathOf(key, suffix))
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error
    }
  }

  #sweep(): void {
    this.#sweptMs = this.#clock.monotonicMs()
    for (const name of readdirSync(this.#folder)) {
      if (!ownSuffixes.test(name)) continue
      const path = join(this.#folder, name)
      const mtimeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs
      if (mtimeMs !== undefined && this.#clock.now() - mtimeMs > leftoverMs) rmSync(path, { force: true })
    }
  }

  #pathOf(key: string, suffix: 'qnet' | 'claim' | 'part'): string {
    return join(this.#folder, `${key}.${suffix}`)
  }
}

/** Undefined where it is not there, or, of one to be made, where it is. */
function openIf(path: string, flags: 'r' | 'wx'): number | undefined {
  try {
    return openSync(path, flags, 0o600)
  } catch (error) {
    if (systemErrorCode(error) === (flags === 'r' ? 'ENOENT' : 'EEXIST')) return undefined
    throw error
  }
}
