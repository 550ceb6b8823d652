import type { GenerationDescription } from '@hypershard/contract'

/** A build as its events tell it. */
export interface WatchedBuild {
  /** The newest; undefined before the first. */
  readonly generation: GenerationDescription | undefined
  /** Why no more events come for now; undefined while they do. */
  readonly error: unknown
  /** Whether it has caught up or ended, after which there is nothing to watch. */
  readonly ended: boolean
  /** Documents a second, as the events told them, oldest first. */
  readonly rates: readonly number[]
}

export interface BuildWatchOptions {
  /** Its events; those of a build that caught up or ended come to an end. */
  readonly watch: (signal: AbortSignal) => AsyncIterable<GenerationDescription>
  readonly tell: (build: WatchedBuild) => void
  /** Before the events are asked for again that broke off. Returns early once the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Rates that are kept: two minutes of events. */
export const ratesMax = 120

const againMs = 2_000

/** Follows the events of a build until it has caught up, has ended, or nobody watches; broken off, they are asked for again. */
export class BuildWatch {
  readonly #options: BuildWatchOptions
  readonly #stopped = new AbortController()
  #build: WatchedBuild = { generation: undefined, error: undefined, ended: false, rates: [] }

  constructor(options: BuildWatchOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    const { signal } = this.#stopped
    while (!signal.aborted) {
      try {
        for await (const generation of this.#options.watch(signal)) {
          const rates = [...this.#build.rates, generation.progress.documents_per_second].slice(-ratesMax)
          this.#change({ generation, error: undefined, ended: hasEnded(generation), rates })
        }
        return
      } catch (error) {
        this.#change({ ...this.#build, error })
      }
      await this.#options.pause(againMs, signal)
    }
  }

  stop(): void {
    this.#stopped.abort()
  }

  #change(build: WatchedBuild): void {
    if (this.#stopped.signal.aborted) return
    this.#build = build
    this.#options.tell(build)
  }
}

function hasEnded({ phase, progress }: GenerationDescription): boolean {
  return phase !== 'building' || progress.caught_up
}
