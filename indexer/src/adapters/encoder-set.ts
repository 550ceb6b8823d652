import type { Deadline, Logger } from '@hypershard/common'
import { type MembershipSource, PeerSet } from '@hypershard/membership'
import { LRUCache } from 'lru-cache'
import { costOf } from '../encoding/encode-pace.ts'
import type { EncodedDocuments, EncoderModel, EncoderPort, EncoderServicePort } from '../ports.ts'

interface EncoderSetParts {
  readonly membership: MembershipSource
  readonly connect: (address: string) => EncoderServicePort
  readonly log: Logger
}

/** How often each service is asked whether it lives. */
const askEveryMs = 1_000

/** Models whose kernels were told of. */
const toldModelsMax = 1_000

/** Encoder services as one: each call goes to the one with the least documents, and to another when that cannot do it. */
export class EncoderSet implements EncoderPort {
  readonly #set: PeerSet<EncoderServicePort, EncoderModel>
  readonly #log: Logger
  readonly #told = new LRUCache<string, string>({ max: toldModelsMax })

  constructor({ membership, connect, log }: EncoderSetParts) {
    this.#log = log
    this.#set = new PeerSet({
      membership,
      what: 'encoder service',
      connect,
      close: service => service.close(),
      ask: async (service, deadline) => {
        const facts = await service.describe(deadline)
        this.#compareKernels(facts.models)
        return facts
      },
      intervalMs: askEveryMs,
      log,
    })
  }

  encodersOf(modelDigest: string): number {
    return this.#set.countOf(modelDigest)
  }

  encodeDocuments: EncoderPort['encodeDocuments'] = (batch, context) => {
    const cost = batch.documents.reduce((sum, document) => sum + costOf(document), 0)
    const call = (service: EncoderServicePort, deadline: Deadline): Promise<EncodedDocuments> =>
      service.encodeDocuments(batch, context.with({ deadline }))
    return this.#set.run({ modelDigest: batch.modelDigest, cost }, call, context.deadline)
  }

  cutDocuments: EncoderPort['cutDocuments'] = (batch, context) => {
    const cost = batch.documents.length
    const call = (service: EncoderServicePort, deadline: Deadline) =>
      service.cutDocuments(batch, context.with({ deadline }))
    return this.#set.run({ modelDigest: batch.modelDigest, cost }, call, context.deadline)
  }

  encodeQuery: EncoderPort['encodeQuery'] = (query, context) => {
    const work = { modelDigest: query.modelDigest, cost: costOf({ title: '', text: query.text }) }
    const call = (service: EncoderServicePort, deadline: Deadline) =>
      service.encodeQuery(query, context.with({ deadline }))
    return this.#set.run(work, call, context.deadline)
  }

  close(): void {
    this.#set.close()
  }

  /** Vectors of one text differ by kernel, int8's in the third decimal: that is told, once for each change. */
  #compareKernels(models: readonly EncoderModel[]): void {
    for (const { digest, name } of models) {
      const kernels = new Set<string>()
      for (const peer of this.#set.peers) {
        const own = peer.facts?.models.find(model => model.digest === digest)
        if (peer.live && own !== undefined && own.documentKernel !== '') kernels.add(own.documentKernel)
      }
      const found = [...kernels].sort().join(', ')
      if (kernels.size < 2 || this.#told.get(digest) === found) continue
      this.#told.set(digest, found)
      const advice = 'set HYPERSHARD_ENCODER_KERNEL, and HYPERSHARD_ENCODER_DEVICE, alike for all encoder services'
      this.#log.warn({ model: name, kernels: found, advice }, 'encoder services compute document vectors differently')
    }
  }
}
