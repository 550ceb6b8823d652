import { HypershardError, quietTelemetry, type RequestContext, readConfig } from '@hypershard/common'
import type { Problem, SearchAnswer } from '@hypershard/contract'
import { FakeEncoder } from '@hypershard/harness'
import type { MembershipSource } from '@hypershard/membership'
import { searchAnswerJson } from '../../answers/search-json.ts'
import { coordinatorConfig } from '../../config.ts'
import type { Coordinator } from '../../coordinator.ts'
import type { SearchInput } from '../../search/search-input.ts'
import { assembleCoordinator } from '../../start-coordinator.ts'
import { problemOf } from '../../transport/http/problem.ts'
import type { Corpus } from './corpus.ts'
import type { SimulatedNetwork } from './simulated-network.ts'

export interface Surroundings {
  readonly corpus: Corpus
  readonly network: SimulatedNetwork
  readonly membership: MembershipSource
}

export type Outcome = { readonly answer: SearchAnswer } | { readonly problem: Problem }

const config = readConfig(coordinatorConfig, {
  HYPERSHARD_ENCODER: 'encoder.test:7720',
  HYPERSHARD_SHARD_SERVERS: 'as-simulated.test:7710',
  HYPERSHARD_STORE: 'as-simulated',
  HYPERSHARD_HEALTH_INTERVAL_MS: '250',
  HYPERSHARD_REFRESH_MS: '300',
  HYPERSHARD_REPLACE_AFTER_MS: '1500',
})

/** Nobody tells it anything: it finds what is new by looking. */
const silence = { tell: () => undefined, listen: () => undefined, hearing: false }

/** A coordinator as in production, without its HTTP and gRPC servers. */
export class SimulatedCoordinator {
  readonly name: string
  readonly #coordinator: Coordinator
  readonly #stops: (() => unknown)[]

  private constructor(name: string, coordinator: Coordinator, stops: (() => unknown)[]) {
    this.name = name
    this.#coordinator = coordinator
    this.#stops = stops
  }

  static async start(name: string, { corpus, network, membership }: Surroundings): Promise<SimulatedCoordinator> {
    const connections = {
      openStore: async () => corpus.store,
      openMembership: () => membership,
      connectEncoder: () => new FakeEncoder(),
      connectShardServer: (address: string) => network.connect(name, address),
    }
    const stops: (() => unknown)[] = []
    const surroundings = { connections, announcer: silence }
    return new SimulatedCoordinator(
      name,
      await assembleCoordinator(config, quietTelemetry(), surroundings, stops),
      stops,
    )
  }

  /** As the API would answer. */
  async search(input: SearchInput, context: RequestContext): Promise<Outcome> {
    try {
      return { answer: searchAnswerJson(await this.#coordinator.search(input, context)) }
    } catch (error) {
      if (!(error instanceof HypershardError)) throw error
      return { problem: problemOf(error, context.requestId) }
    }
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop()
  }
}
