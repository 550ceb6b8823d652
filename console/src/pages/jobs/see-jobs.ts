import type { IndexDescription } from '@hypershard/contract'
import { fewAtATime } from '../../state/few-at-a-time.ts'
import type { Session } from '../../state/session.ts'
import { type IndexJobs, jobsOf } from './job-of.ts'

/** An index with its builds as they were when it was last asked for them, or why these cannot be told. */
export interface SeenIndex {
  readonly description: IndexDescription
  /** Undefined before it was asked for, and where that failed. */
  readonly jobs: IndexJobs | undefined
  readonly error: unknown
}

/** Indexes that are asked for at a time: each answer is read from the object store. */
const askedMax = 4

/** Indexes that are asked for in a look: of more, each is asked for in its turn, so that a page costs no more than that. */
export const lookedMax = 32

type SeenJobs = Pick<SeenIndex, 'jobs' | 'error'>

/** The builds of all indexes of the key, looked at again and again. */
export class JobsWatch {
  readonly #client: Session['client']
  /** By index, those that were asked for last at the end. */
  readonly #seen = new Map<string, SeenJobs>()

  constructor({ client }: Pick<Session, 'client'>) {
    this.#client = client
  }

  /**
   * All indexes, in name order, with their builds. One that fails harms no other.
   * @param first an index that is asked for in every look, as those are that are being built
   */
  async look(signal: AbortSignal, first?: string): Promise<readonly SeenIndex[]> {
    const { indexes } = await this.#client.listIndexes({ signal })
    const names = indexes.map(({ name }) => name)
    for (const name of this.#seen.keys()) if (!names.includes(name)) this.#seen.delete(name)
    const asked = this.#inTurn(names, first).slice(0, lookedMax)
    const answers = await fewAtATime(asked, { most: askedMax, signal }, name => this.#ask(name, signal))
    for (const [at, answer] of answers.entries()) {
      this.#seen.delete(asked[at]!)
      this.#seen.set(asked[at]!, answer)
    }
    const unknown = { jobs: undefined, error: undefined }
    return indexes.map(description => ({ description, ...(this.#seen.get(description.name) ?? unknown) }))
  }

  #ask(index: string, signal: AbortSignal): Promise<SeenJobs> {
    return this.#client.listGenerations(index, { signal }).then(
      ({ generations }) => ({ jobs: jobsOf(index, generations), error: undefined }),
      (error: unknown) => ({ jobs: undefined, error }),
    )
  }

  /** Those that change while one looks, those that were never asked for, and those that were asked for longest ago. */
  #inTurn(names: readonly string[], first: string | undefined): readonly string[] {
    const known = new Set(names)
    const building = [...this.#seen].filter(([, { jobs }]) => jobs?.building !== undefined).map(([name]) => name)
    const fresh = names.filter(name => !this.#seen.has(name))
    return [
      ...new Set([
        ...(first !== undefined && known.has(first) ? [first] : []),
        ...building,
        ...fresh,
        ...this.#seen.keys(),
      ]),
    ]
  }
}
