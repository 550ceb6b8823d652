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

export interface BenchIndexesOptions {
  readonly documents: readonly BenchDocument[]
  readonly shards: number
  /** One if left out. */
  readonly replicas?: number
  readonly say: (line: string) => void
  /** An index is not used before this settles. */
  readonly onIndexed: () => Promise<unknown>
}

/** Fewer tell nothing of the rate. */
const documentsThatTell = 1_000

/** The indexes of a run: each is built when it is first asked for, and found again in a folder that was kept. */
export class BenchIndexes {
  readonly #api: Api
  readonly #options: BenchIndexesOptions
  #perSecond: number | undefined

  constructor(api: Api, options: BenchIndexesOptions) {
    this.#api = api
    this.#options = options
  }

  /** The name of the index of a model's first so many documents. */
  nameOf(model: string, documents: number): string {
    return `load-${model}-${documents}`
  }

  async has(model: string, documents: number): Promise<boolean> {
    const found = await this.#find(this.nameOf(model, documents))
    return found?.documents === documents
  }

  /** @returns its name; it is searchable and at rest then */
  async ensure(model: string, documents: number): Promise<string> {
    const name = this.nameOf(model, documents)
    if (await this.has(model, documents)) return name
    await this.create(name, model)
    await this.load(name, documents)
    await this.#options.onIndexed()
    return name
  }

  /** Makes an empty index, in place of one that has this name. */
  async create(name: string, model: string): Promise<void> {
    if ((await this.#find(name)) !== undefined) await this.drop(name)
    const { shards, replicas = 1 } = this.#options
    // A vector a document, as the servers have that it is compared with.
    await this.#api.send('POST', '/v1/indexes', { name, model, shards, replicas, passages: false })
  }

  /** Puts the first so many documents and waits until searches find them all. */
  async load(name: string, documents: number): Promise<Indexed> {
    const startMs = performance.now()
    await putDocuments(this.#api, name, this.#options.documents.slice(0, documents))
    const indexed = { documents, seconds: (performance.now() - startMs) / 1_000 }
    if (documents >= documentsThatTell) this.#perSecond = documents / indexed.seconds
    this.#options.say(`${name}: ${documents} documents, ${(documents / indexed.seconds).toFixed(0)} a second`)
    return indexed
  }

  async drop(name: string): Promise<void> {
    await this.#api.send('DELETE', `/v1/indexes/${name}`)
  }

  async count(): Promise<number> {
    return (await this.#list()).length
  }

  /** How long it would take, going by the bulk before; 0 where nothing is known. */
  secondsToIndex(documents: number): number {
    return this.#perSecond === undefined ? 0 : documents / this.#perSecond
  }

  async #find(name: string): Promise<Described | undefined> {
    return (await this.#list()).find(index => index.name === name)
  }

  async #list(): Promise<Described[]> {
    return (await this.#api.send<{ indexes: Described[] }>('GET', '/v1/indexes')).indexes
  }
}

/** Returns when they are searchable. @throws Error when one was refused */
export async function putDocuments(api: Api, name: string, documents: readonly BenchDocument[]): Promise<void> {
  const lines = documents.map(document => Buffer.from(`${JSON.stringify(document)}\n`))
  const path = `/v1/indexes/${name}/documents?wait_for=searchable`
  const answer = await api.send<{ accepted: number; failed: number }>('PUT', path, ReadableStream.from(lines))
  if (answer.accepted !== documents.length) throw new Error(`${name}: ${answer.failed} documents were refused`)
}
