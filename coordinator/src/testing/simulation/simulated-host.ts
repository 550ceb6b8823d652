import type { SimulatedNetwork } from './simulated-network.ts'
import { type Mood, type ServerShape, SimulatedServer } from './simulated-server.ts'

/** A machine with an address on which a shard server's process comes and goes. */
export class SimulatedHost {
  readonly shape: ServerShape
  readonly mood: Mood = { slowMs: 0, slowShare: 1, lie: undefined, frozenUntil: undefined }
  readonly #network: SimulatedNetwork
  readonly #surroundings: ConstructorParameters<typeof SimulatedServer>[3]
  #lives = 0
  /** It is never started again. */
  gone = false
  /** Something is happening to it. */
  troubled = false
  /** Whether membership names it. */
  named = true

  constructor(
    shape: ServerShape,
    network: SimulatedNetwork,
    surroundings: ConstructorParameters<typeof SimulatedServer>[3],
  ) {
    this.shape = shape
    this.#network = network
    this.#surroundings = surroundings
  }

  get address(): string {
    return this.shape.address
  }

  get process(): SimulatedServer | undefined {
    return this.#network.processes.get(this.address)
  }

  start(): void {
    const life = `${this.address} ${++this.#lives}`
    this.#network.processes.set(this.address, new SimulatedServer(this.shape, this.mood, life, this.#surroundings))
  }

  kill(): void {
    this.process?.die()
    this.#network.processes.delete(this.address)
  }
}
