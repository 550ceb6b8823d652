import type { FileFacts, Judgements } from '@hypershard/evaluation/browser'
import type { AskedTexts } from './ask-index.ts'
import type { KeptRun } from './kept-run.ts'
import { runsKeptMax } from './limits.ts'

/** What the page was given and has found, until the tab is closed: going to another page and back loses nothing. */
export interface EvaluationState {
  readonly queries: Given<AskedTexts> | undefined
  readonly judgements: Given<Judgements> | undefined
  /** Newest first. */
  readonly runs: readonly KeptRun[]
}

export interface Given<Content> {
  readonly name: string
  readonly content: Content
  readonly facts: FileFacts
}

/** State that is told to whoever listens. */
export class EvaluationStore {
  #state: EvaluationState = { queries: undefined, judgements: undefined, runs: [] }
  readonly #listeners = new Set<() => void>()
  #runs = 0

  get state(): EvaluationState {
    return this.#state
  }

  /** @returns what ends it */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  give(given: Partial<Pick<EvaluationState, 'queries' | 'judgements'>>): void {
    this.#change(given)
  }

  /** Keeps a run under a name of its own, before the others; the oldest beyond `runsKeptMax` is dropped. */
  keep(run: Omit<KeptRun, 'id' | 'name'> & { readonly name: string }): KeptRun {
    this.#runs++
    const kept = { ...run, id: `run-${this.#runs}`, name: `${this.#runs}. ${run.name}` }
    this.#change({ runs: [kept, ...this.#state.runs].slice(0, runsKeptMax) })
    return kept
  }

  drop(id: string): void {
    this.#change({ runs: this.#state.runs.filter(run => run.id !== id) })
  }

  #change(change: Partial<EvaluationState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of this.#listeners) listener()
  }
}
