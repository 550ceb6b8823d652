import { type Clock, type Deadline, HypershardError, systemClock } from '@hypershard/common'
import type { Model } from '@hypershard/proto/encoder'
import type { EncoderPort } from '../ports.ts'

/** A model that an encoder service was given since shows up after this long. */
const keptMs = 5_000

/** The models of the encoder service, asked for at most every few seconds. */
export class ModelRegistry {
  readonly #encoder: EncoderPort
  readonly #clock: Clock
  #models: readonly Model[] = []
  #askedAtMs = Number.NEGATIVE_INFINITY

  constructor(encoder: EncoderPort, clock: Clock = systemClock) {
    this.#encoder = encoder
    this.#clock = clock
  }

  /** The first is the default. */
  async list(deadline: Deadline): Promise<readonly Model[]> {
    if (this.#clock.monotonicMs() - this.#askedAtMs < keptMs) return this.#models
    const models = await this.#encoder.listModels(deadline)
    this.#models = models
    this.#askedAtMs = this.#clock.monotonicMs()
    return models
  }

  /**
   * @param nameOrDigest undefined for the default
   * @throws HypershardError `model_not_found`, naming those there are
   */
  async resolve(nameOrDigest: string | undefined, deadline: Deadline): Promise<Model> {
    const models = await this.list(deadline)
    const model =
      nameOrDigest === undefined
        ? models[0]
        : models.find(({ name, digest }) => name === nameOrDigest || digest === nameOrDigest)
    if (model !== undefined) return model
    const names = models.map(({ name }) => name)
    const message = `model \`${nameOrDigest ?? 'default'}\`: the encoder service has ${names.join(', ') || 'no models'}`
    throw new HypershardError('model_not_found', message, { details: { model: nameOrDigest, models: names } })
  }
}
