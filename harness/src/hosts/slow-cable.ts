import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ipBatch } from './run-ip.ts'
import type { SwitchPlace } from './switch-place.ts'

const program = fileURLToPath(new URL('./slow-link.py', import.meta.url))

/** What a cable does to the frames that a host sends. */
export interface CableQuality {
  readonly delayMs: number
  /** The share of frames that get lost, 0 to 1. */
  readonly loss: number
}

/** A cable between a host's port and the switch that delays and loses frames; without one they are joined. */
export class SlowCable {
  readonly #port: string
  readonly #place: SwitchPlace
  readonly #relay: ChildProcess
  readonly #answers: Interface
  readonly #broken: Promise<never>

  private constructor(port: string, place: SwitchPlace, relay: ChildProcess) {
    this.#port = port
    this.#place = place
    this.#relay = relay
    this.#answers = createInterface({ input: relay.stdout! })
    this.#broken = once(relay, 'exit').then(() => {
      throw new Error(`the slow cable of ${port} broke: ${program} ended`)
    })
    // Told to whoever waits for an answer.
    this.#broken.catch(() => {})
  }

  /** Puts one between the port and the bridge, in their namespace. */
  static async insert(port: string, place: SwitchPlace): Promise<SlowCable> {
    const [here, there] = [`${port}c`, `${port}s`]
    await ipBatch(place.namespace, [
      `link add ${here} type veth peer name ${there}`,
      `link set ${here} up`,
      `link set ${there} master ${place.bridge} up`,
      `link set ${port} nomaster`,
    ])
    const relay = spawn('ip', ['netns', 'exec', place.namespace, 'python3', program, port, here], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const cable = new SlowCable(port, place, relay)
    await cable.#heard('ready')
    return cable
  }

  async set({ delayMs, loss }: CableQuality): Promise<void> {
    const heard = this.#heard('changed')
    this.#relay.stdin!.write(`${delayMs} ${loss}\n`)
    await heard
  }

  /** Joins port and bridge as before; frames under way are lost. */
  async remove(): Promise<void> {
    const ended = once(this.#relay, 'exit')
    this.#relay.stdin!.end()
    await ended
    const { namespace, bridge } = this.#place
    await ipBatch(namespace, [`link del ${this.#port}c`, `link set ${this.#port} master ${bridge}`])
  }

  async #heard(line: string): Promise<void> {
    const [heard] = (await Promise.race([once(this.#answers, 'line'), this.#broken])) as [string]
    if (heard !== line) throw new Error(`the slow cable of ${this.#port} said ${heard}, not ${line}`)
  }
}
