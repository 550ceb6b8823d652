import assert from 'node:assert/strict'

/** What an answered call tells of its server. */
export interface AnsweredWork {
  /** The server's own word, of which no more is believed than the time that passed: how long it worked. */
  readonly serviceMs: number
}

/** A call under way. Ends once, in one of three ways. */
export interface WorkUnderWay {
  answered(work: AnsweredWork, nowMs: number): void
  /** Counts as slow, however soon it came: a server that fails at once would look like the quickest. */
  failed(nowMs: number): void
  /** Nobody waited any longer: it would have taken at least the time until now. */
  cancelled(nowMs: number): void
}

interface Figures {
  /** Of a call, what it takes beside its service: the wire, the marshalling, the queue. */
  readonly overheadMs: number
  readonly msPerDocument: number
  /** Documents of a usual call. */
  readonly callDocuments: number
}

/** Weight of the newest measurement. */
const newest = 0.1

/** While nothing of a server is known its calls are compared by their documents alone. */
const unknownFigures: Figures = { overheadMs: 0, msPerDocument: 0.001, callDocuments: 1_000 }

/** A failed call counts as one that took this long, or as long as it did. */
const failedMs = 1_000

/** After this time without a call half of what is known against a server is forgotten, so that it is tried again. */
const forgetHalfMs = 10_000

/** How long a server that came to life is taken for slower than it is, at first by so much. */
const slowStartMs = 10_000
const slowStartFactor = 10

/**
 * The load of one shard server, as one coordinator sees it, and what a call would take there. The work of calls is
 * counted in documents, because a call may ask for one shard or for all of a server's. All times are of one monotonic
 * clock.
 */
export class MemberLoad {
  /** In the order in which they began. */
  readonly #underWay = new Set<{ readonly startMs: number; readonly documents: number }>()
  #documents = 0
  #figures: Figures | undefined
  #notedMs = 0
  #startMs = Number.NEGATIVE_INFINITY

  /** Calls that it has not answered yet. */
  get outstanding(): number {
    return this.#underWay.size
  }

  /** Documents of a usual call. */
  get usualDocuments(): number {
    return (this.#figures ?? unknownFigures).callDocuments
  }

  /** Whether it has ever answered or failed. */
  get known(): boolean {
    return this.#figures !== undefined
  }

  /** It has come to life, at first or again: what was measured before is of another life. */
  start(nowMs: number): void {
    this.#startMs = nowMs
    this.#figures = undefined
  }

  /** @param documents in the shards that it is asked for */
  begin(documents: number, nowMs: number): WorkUnderWay {
    const call = { startMs: nowMs, documents }
    this.#underWay.add(call)
    this.#documents += documents
    const end = (endMs: number): number => {
      assert(this.#underWay.delete(call), 'a call ends once')
      this.#documents -= documents
      return endMs - call.startMs
    }
    return {
      answered: (said, endMs) => {
        const tookMs = end(endMs)
        const serviceMs = Math.min(tookMs, Math.max(0, said.serviceMs || 0))
        const overheadMs = tookMs - serviceMs
        const msPerDocument = serviceMs / Math.max(1, documents)
        this.#note({ overheadMs, msPerDocument, callDocuments: documents }, endMs)
      },
      failed: endMs => this.#noteSlow(documents, Math.max(failedMs, end(endMs)), endMs),
      cancelled: endMs => {
        const waitedMs = end(endMs)
        if (waitedMs > plainMs(this.#figures ?? unknownFigures, documents)) this.#noteSlow(documents, waitedMs, endMs)
      },
    }
  }

  /** What a call usually takes, or more while an earlier one has been under way for longer. */
  usualMs(documents: number, nowMs: number, others?: MemberLoad): number {
    const { overheadMs, ...figures } = this.#figuresNow(nowMs, others)
    return plainMs({ ...figures, overheadMs: Math.max(overheadMs, this.#oldestMs(nowMs)) }, documents)
  }

  /**
   * What a call is expected to take, to compare servers by: R - 1/mu + q^b/mu, as in C3 (Suresh et al., C3: Cutting Tail
   * Latency in Cloud Data Stores via Adaptive Replica Selection, NSDI 2015) and OpenSearch
   * (`ResponseCollectorService`, `innerRank`). R is the smoothed time of a call, 1/mu that of its service, q the queue:
   * this call and those of this coordinator that are not answered, in usual calls. Its power keeps coordinators from
   * sending all to the quickest. It is 2, not 3, and the queue that earlier calls found is in R alone: decision 020 has
   * what was measured.
   * @param others whose figures count while nothing is known of this one
   */
  expectedMs(documents: number, nowMs: number, others?: MemberLoad): number {
    const figures = this.#figuresNow(nowMs, others)
    const { msPerDocument, callDocuments } = figures
    const waiting = 1 + this.#documents / Math.max(1, callDocuments)
    const penaltyMs = (waiting ** 2 - 1) * msPerDocument * callDocuments
    return (this.usualMs(documents, nowMs, others) + penaltyMs) * this.#slowStart(nowMs)
  }

  #figuresNow(nowMs: number, others?: MemberLoad): Figures {
    if (this.#figures === undefined) return others?.known ? others.#figuresNow(nowMs) : unknownFigures
    if (this.#underWay.size > 0) return this.#figures
    const { overheadMs, msPerDocument, callDocuments } = this.#figures
    const kept = 0.5 ** (Math.max(0, nowMs - this.#notedMs) / forgetHalfMs)
    return { overheadMs: overheadMs * kept, msPerDocument: msPerDocument * kept, callDocuments }
  }

  #oldestMs(nowMs: number): number {
    const [oldest] = this.#underWay
    return oldest === undefined ? 0 : nowMs - oldest.startMs
  }

  /** Falls from the whole factor to 1. */
  #slowStart(nowMs: number): number {
    const share = Math.min(1, Math.max(1 / slowStartFactor, (nowMs - this.#startMs) / slowStartMs))
    return 1 / share
  }

  #noteSlow(documents: number, tookMs: number, nowMs: number): void {
    const { msPerDocument, callDocuments } = this.#figures ?? unknownFigures
    const overheadMs = Math.max(0, tookMs - documents * msPerDocument)
    this.#note({ overheadMs, msPerDocument, callDocuments }, nowMs)
  }

  #note(measured: Figures, nowMs: number): void {
    const before = this.#figures ?? measured
    const smooth = (name: keyof Figures) => before[name] + newest * (measured[name] - before[name])
    this.#figures = {
      overheadMs: smooth('overheadMs'),
      msPerDocument: smooth('msPerDocument'),
      callDocuments: smooth('callDocuments'),
    }
    this.#notedMs = nowMs
  }
}

function plainMs({ overheadMs, msPerDocument }: Figures, documents: number): number {
  return overheadMs + documents * msPerDocument
}
