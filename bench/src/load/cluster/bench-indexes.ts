import type { BenchDocument } from '../workload/read-collection.ts'
import type { Api } from './api.ts'

interface Described {
  readonly name: string
  readonly documents: number
}

/** How a bulk of documents became searchable. */
export interface Indexed {
  readonly documents: number
  readonly seconds: number
}

/** The indexes of a run: each is built when it is first asked for, and found again in a folder that was kept. */
export class BenchIndexes {
  readonly #api: Api
  readonly #documents: readonly BenchDocument[]
  readonly #shards: number
  readonly #onBuilt: (name: string, indexed: Indexed) => Promise<void>

  constructor(
    api: Api,
    options: {
      readonly documents: readonly BenchDocument[]
      readonly shards: number
      readonly onBuilt: (name: string, indexed: Indexed) => Promise<void>
    },
  ) {
    this.#api = api
    this.#documents = options.documents
    this.#shards = options.shards
    this.#onBuilt = options.onBuilt
  }

  /** The name of the index of a model's first so many documents, which is searchable and at rest when this returns. */
  async ensure(model: string, documents: number): Promise<string> {
    const name = nameOf(model, documents)
    const { indexes } = await this.#api.send<{ indexes: Described[] }>('GET', '/v1/indexes')
    const found = indexes.find(index => index.name === name)
    if (found?.documents === documents) return name
    if (found !== undefined) await this.#api.send('DELETE', `/v1/indexes/${name}`)
    await this.create(name, model)
    await this.#onBuilt(name, await this.put(name, documents))
    return name
  }

  async create(name: string, model: string): Promise<void> {
    await this.#api.send('POST', '/v1/indexes', { name, model, shards: this.#shards })
  }

  /** Puts the first so many documents and waits until searches find them all. */
  async put(name: string, documents: number): Promise<Indexed> {
    const lines = this.#documents.slice(0, documents).map(document => Buffer.from(`${JSON.stringify(document)}\n`))
    const startMs = performance.now()
    const path = `/v1/indexes/${name}/documents?wait_for=searchable`
    const answer = await this.#api.send<{ accepted: number; failed: number }>('PUT', path, ReadableStream.from(lines))
    if (answer.accepted !== documents) throw new Error(`${name}: ${answer.failed} documents were refused`)
    return { documents, seconds: (performance.now() - startMs) / 1_000 }
  }

  async drop(name: string): Promise<void> {
    await this.#api.send('DELETE', `/v1/indexes/${name}`)
  }
}

function nameOf(model: string, documents: number): string {
  return `load-${model}-${documents}`
}
