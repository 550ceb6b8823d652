import type { Deadline } from '@hypershard/common'
import type { ThreadCalls } from '../threads/thread-calls.ts'
import type { ScoringTask, TaskResult, ThreadAnswer, ToScoringThread } from './messages.ts'

/** One scoring thread as the pool knows it. */
export type ScoringThread = Pick<ThreadCalls<ToScoringThread, ThreadAnswer>, 'call' | 'post' | 'close'>

type Result<Type> = Extract<TaskResult, { readonly type: Type }>

/** What several threads have answered to one task. */
export interface TeamAnswer<Type> {
  /** By thread. */
  readonly results: readonly Result<Type>[]
  /** Of the thread that worked longest. */
  readonly workMs: number
}

/** One query's tasks on the scoring threads. They are cancelled when its caller goes away. */
export class QueryTeam {
  readonly #open = new Set<{ readonly call: number; readonly thread: ScoringThread }>()
  readonly #signal: AbortSignal
  readonly #cancel = () => {
    for (const { call, thread } of this.#open) thread.post({ type: 'cancel', call })
  }
  #queueMs: number | undefined

  constructor({ signal }: Pick<Deadline, 'signal'>) {
    this.#signal = signal
    signal.addEventListener('abort', this.#cancel, { once: true })
  }

  /** Until a thread worked on something of it. */
  get queueMs(): number {
    return this.#queueMs ?? 0
  }

  /**
   * Ends when all threads have answered, so that none reads a segment after its lease has ended.
   * @throws HypershardError of a thread
   */
  async run<Task extends ScoringTask>(
    threads: readonly ScoringThread[],
    taskOf: (place: number) => Task,
  ): Promise<TeamAnswer<Task['type']>> {
    const settled = await Promise.allSettled(threads.map((thread, place) => this.#ask(thread, taskOf(place))))
    const answers = settled.map(result => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
    const waits = answers.flatMap(({ queueMs }) => queueMs ?? [])
    if (waits.length > 0) this.#queueMs ??= Math.min(...waits)
    return {
      results: answers.map(({ result }) => result as Result<Task['type']>),
      workMs: Math.max(...answers.map(({ workMs }) => workMs)),
    }
  }

  end(): void {
    this.#signal.removeEventListener('abort', this.#cancel)
  }

  async #ask(thread: ScoringThread, task: ScoringTask): Promise<ThreadAnswer> {
    const { call, answer } = thread.call(number => ({ ...task, call: number }))
    const open = { call, thread }
    this.#open.add(open)
    // What is asked after the caller has gone is cancelled at once.
    if (this.#signal.aborted) thread.post({ type: 'cancel', call })
    try {
      return await answer
    } finally {
      this.#open.delete(open)
    }
  }
}
