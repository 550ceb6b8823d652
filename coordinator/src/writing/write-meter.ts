import { type Meter, toHypershardError } from '@hypershard/common'
import type { AppendOutcome } from './append-operations.ts'
import { writeMetrics } from './metrics.ts'

/** What a write came to. */
interface Written {
  readonly sequence: number | null
  readonly repeated: boolean
  readonly searchable: boolean
}

/** Counts each write once, however it ends. */
export class WriteMeter {
  readonly #writes
  readonly #stageSeconds
  readonly #documents

  constructor(meter: Meter) {
    this.#writes = meter.counter(writeMetrics.writes)
    this.#stageSeconds = meter.histogram(writeMetrics.stageSeconds)
    this.#documents = meter.counter(writeMetrics.documents)
  }

  /** @param write calls `appended` once its lines are in the log, before it waits for searches to see them */
  async measure<Report extends Written>(
    write: (appended: (outcome: AppendOutcome, refused: number) => void) => Promise<Report>,
    waits: boolean,
  ): Promise<Report> {
    let startMs = performance.now()
    const lap = (stage: string) => {
      const nowMs = performance.now()
      this.#stageSeconds.observe({ stage }, (nowMs - startMs) / 1_000)
      startMs = nowMs
    }
    const appended = ({ accepted, repeated }: AppendOutcome, refused: number) => {
      lap('append')
      if (repeated) return
      this.#documents.add({ result: 'accepted' }, accepted)
      this.#documents.add({ result: 'refused' }, refused)
    }
    try {
      const report = await write(appended)
      if (waits && report.searchable) lap('searchable')
      this.#writes.add({ outcome: outcomeOf(report) })
      return report
    } catch (error) {
      this.#writes.add({ outcome: toHypershardError(error).code })
      throw error
    }
  }
}

function outcomeOf({ sequence, repeated }: Written): string {
  if (sequence === null) return 'empty'
  return repeated ? 'repeated' : 'written'
}
