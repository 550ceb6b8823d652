import type { Deadline, Logger } from '@hypershard/common'
import { type MembershipSource, PeerSet } from '@hypershard/membership'
import type { CrossEncoder, Model } from '@hypershard/proto/encoder'
import type { EncoderPort, EncoderServicePort, EncoderState } from '../ports.ts'

interface EncoderSetParts {
  readonly membership: MembershipSource
  readonly connect: (address: string) => EncoderServicePort
  /** How often each service is asked whether it lives. */
  readonly intervalMs: number
  readonly log: Logger
}

/** Of a query without a text, in characters. */
const queryCost = 100

/** One of a service's models, of either kind. */
type ServedModel = Model | CrossEncoder

/** Encoder services as one: a query goes to one that has its model, and to another when that cannot answer. */
export class EncoderSet implements EncoderPort {
  readonly #set: PeerSet<EncoderServicePort, ServedModel>

  constructor({ membership, connect, intervalMs, log }: EncoderSetParts) {
    this.#set = new PeerSet({
      membership,
      what: 'encoder service',
      connect,
      close: service => service.close(),
      ask: async (service, deadline) => {
        const { models, crossEncoders, ...facts } = await service.describe(deadline)
        return { ...facts, models: [...models, ...crossEncoders] }
      },
      intervalMs,
      log,
    })
  }

  listModels: EncoderPort['listModels'] = async deadline => (await this.#set.listModels(deadline)).filter(isRetriever)

  crossEncoders: EncoderPort['crossEncoders'] = () => {
    const all = this.#set.peers.flatMap(({ facts }) => facts?.models.filter(isCrossEncoder) ?? [])
    return [...new Map(all.map(model => [model.digest, model])).values()]
  }

  scorePairs: EncoderPort['scorePairs'] = (pairs, context) => {
    const cost = pairs.texts.reduce((sum, text) => sum + pairs.query.length + text.length, queryCost)
    const call = (service: EncoderServicePort, deadline: Deadline) =>
      service.scorePairs(pairs, context.with({ deadline }))
    return this.#set.run({ modelDigest: pairs.modelDigest, cost }, call, context.deadline)
  }

  encodeQuery: EncoderPort['encodeQuery'] = (query, context) => {
    const work = { modelDigest: query.modelDigest, cost: queryCost + query.text.length }
    const call = (service: EncoderServicePort, deadline: Deadline) =>
      service.encodeQuery(query, context.with({ deadline }))
    return this.#set.run(work, call, context.deadline)
  }

  encodeQueries: EncoderPort['encodeQueries'] = (queries, context) => {
    const cost = queries.texts.reduce((sum, text) => sum + queryCost + text.length, 0)
    const call = (service: EncoderServicePort, deadline: Deadline) =>
      service.encodeQueries(queries, context.with({ deadline }))
    return this.#set.run({ modelDigest: queries.modelDigest, cost }, call, context.deadline)
  }

  readModelFile: EncoderPort['readModelFile'] = (request, deadline) => {
    const work = { modelDigest: request.modelDigest, cost: queryCost }
    return this.#set.run(work, (service, callDeadline) => service.readModelFile(request, callDeadline), deadline)
  }

  /** Each service, ascending by address. */
  describe(): readonly EncoderState[] {
    return this.#set.peers.map(({ address, live, downReason, weight, calls, facts }) => ({
      address,
      live,
      downReason: downReason ?? null,
      draining: live && facts?.draining === true,
      weight,
      outstanding: calls,
      waiting: live ? (facts?.waiting ?? null) : null,
      protocolVersion: facts?.protocolVersion ?? null,
      models: live ? (facts?.models.filter(isRetriever) ?? null) : null,
    }))
  }

  close(): void {
    this.#set.close()
  }
}

function isRetriever(model: ServedModel): model is Model {
  return !isCrossEncoder(model)
}

function isCrossEncoder(model: ServedModel): model is CrossEncoder {
  return 'maxTokens' in model
}
