import type { Deadline, Logger } from '@hypershard/common'
import { type MembershipSource, PeerSet } from '@hypershard/membership'
import type { Model } from '@hypershard/proto/encoder'
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

/** Encoder services as one: a query goes to one that has its model, and to another when that cannot answer. */
export class EncoderSet implements EncoderPort {
  readonly #set: PeerSet<EncoderServicePort, Model>

  constructor({ membership, connect, intervalMs, log }: EncoderSetParts) {
    this.#set = new PeerSet({
      membership,
      what: 'encoder service',
      connect,
      close: service => service.close(),
      ask: (service, deadline) => service.describe(deadline),
      intervalMs,
      log,
    })
  }

  listModels: EncoderPort['listModels'] = deadline => this.#set.listModels(deadline)

  encodeQuery: EncoderPort['encodeQuery'] = (query, context) => {
    const work = { modelDigest: query.modelDigest, cost: queryCost + query.text.length }
    const call = (service: EncoderServicePort, deadline: Deadline) =>
      service.encodeQuery(query, context.with({ deadline }))
    return this.#set.run(work, call, context.deadline)
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
      protocolVersion: facts?.protocolVersion ?? null,
      models: live ? (facts?.models ?? null) : null,
    }))
  }

  close(): void {
    this.#set.close()
  }
}
