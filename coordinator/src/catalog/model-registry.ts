import { type Clock, Deadline, HypershardError, systemClock } from '@hypershard/common'
import type { CrossEncoder, Model } from '@hypershard/proto/encoder'
import { type GenerationOfModel, isLoaded, modelNotServed } from '@hypershard/storage'
import type { EncoderPort } from '../ports.ts'

/** A model that an encoder service was given since shows up after this long. */
const keptMs = 5_000

/** For asking when nobody waits. */
const askMsMax = 5_000

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

  /** What searches can be reranked with, as the services said last. */
  crossEncoders(): readonly CrossEncoder[] {
    return this.#encoder.crossEncoders()
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
   * Why nothing can be encoded for a generation, as far as is known. Asks nobody, so that no write waits for the
   * encoder service, but sees to it that the next call knows.
   */
  knownProblemOf(generation: GenerationOfModel): HypershardError | undefined {
    const ageMs = this.#clock.monotonicMs() - this.#askedAtMs
    if (ageMs >= keptMs) this.list(Deadline.after(askMsMax)).catch(() => undefined)
    const missing = ageMs < keptMs && !isLoaded(generation.model, this.#models)
    return missing ? modelNotServed(generation, this.#models) : undefined
  }

  /**
   * @param nameOrDigest undefined for the default
   * @throws HypershardError `model_not_found`, naming those there are; `invalid_request` for a cross-encoder
   */
  async resolve(nameOrDigest: string | undefined, deadline: Deadline): Promise<Model> {
    const models = await this.list(deadline)
    const model =
      nameOrDigest === undefined
        ? models[0]
        : models.find(({ name, digest }) => name === nameOrDigest || digest === nameOrDigest)
    if (model !== undefined) return model
    const other = this.crossEncoders().find(({ name, digest }) => name === nameOrDigest || digest === nameOrDigest)
    if (other !== undefined) {
      const message =
        `model \`${other.name}\` is a cross-encoder, which no index can be made with; ` +
        'give it as `rerank.model` of a search, and make the index with another model'
      throw new HypershardError('invalid_request', message, { details: { model: other.name } })
    }
    const names = models.map(({ name }) => name)
    const message =
      `model \`${nameOrDigest ?? 'default'}\`: the encoder service has ${names.join(', ') || 'no models'}; ` +
      "choose one of them, or start the cluster with the model's directory (`--models`)"
    throw new HypershardError('model_not_found', message, { details: { model: nameOrDigest, models: names } })
  }
}
