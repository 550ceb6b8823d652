import type { DescribeRequest } from '@hypershard/proto/shard'
import { LRUCache } from 'lru-cache'

/** Of more, those that asked least recently are forgotten: a draining server does not wait for them. */
const coordinatorsMax = 1_000

/** Who has not asked for so long, and not for three times as long as between its last two questions, has gone. */
const silenceMsMin = 1_500
const silenceQuestions = 3

interface Asker {
  readonly askedMs: number
  /** Since its question before; 0 after its first. */
  readonly gapMs: number
  /** It would lack a shard if the server ended now, or does not know yet that the server is draining. */
  needs: boolean
}

export interface AskingCount {
  readonly asking: number
  readonly needing: number
}

/** Which coordinators ask how the server does, and what the last question of each said of its need. Times are monotonic. */
export class AskingCoordinators {
  readonly #askers = new LRUCache<string, Asker>({ max: coordinatorsMax })
  #lastAskedMs = Number.POSITIVE_INFINITY

  /** From now on they can be heard. */
  listen(nowMs: number): void {
    this.#lastAskedMs = nowMs
  }

  /** @param knows it was told before it asked that the server is draining, which is so */
  note({ coordinator, needed }: Pick<DescribeRequest, 'coordinator' | 'needed'>, knows: boolean, nowMs: number): void {
    if (coordinator === '') return
    const before = this.#askers.get(coordinator)
    const gapMs = before === undefined ? 0 : nowMs - before.askedMs
    this.#askers.set(coordinator, { askedMs: nowMs, gapMs, needs: needed || !knows })
    this.#lastAskedMs = nowMs
  }

  /** What any of them has said so far was said of a server that was not draining. */
  forgetNeeds(): void {
    for (const asker of this.#askers.values()) asker.needs = true
  }

  /** How many ask, by their last questions, and how many of these need the server. */
  count(nowMs: number): AskingCount {
    const asking = [...this.#askers.values()].filter(
      ({ askedMs, gapMs }) => nowMs - askedMs <= Math.max(silenceMsMin, silenceQuestions * gapMs),
    )
    return { asking: asking.length, needing: asking.filter(({ needs }) => needs).length }
  }

  /** Whether one that asks at all would have been heard by now. */
  isQuiet(nowMs: number): boolean {
    return nowMs - this.#lastAskedMs > silenceMsMin
  }
}
